# What Terraform took before 0.12, and what it does not take.
variable "old_list" {
  type    = "list"
  default = []
}

variable "old_text" {
  type    = "string"
  default = 5
}

variable "bad_default" {
  type    = list(map(string))
  default = ["a"]
}

variable "excluded_default" {
  type    = string
  default = "c"
  validation {
    condition     = contains(["a", "b"], var.excluded_default)
    error_message = "a or b."
  }
}

variable "bad_type" {
  type    = strnig
  default = null
}
