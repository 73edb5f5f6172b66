variable "name" {
  description = "Name of the VPC, and the first part of the names of all that is in it."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*$", var.name)) && length(var.name) <= 24
    error_message = "A name is made of lower-case letters, digits and dashes, at most 24."
  }
}

variable "cidr" {
  description = "The IPv4 range of the VPC."
  type        = string
  default     = "10.0.0.0/16"
  validation {
    condition     = can(cidrnetmask(var.cidr))
    error_message = "Not a range."
  }
}

variable "secondary_cidr_blocks" {
  type    = list(string)
  default = []
  validation {
    condition     = length(var.secondary_cidr_blocks) <= 4 && alltrue([for c in var.secondary_cidr_blocks : can(cidrhost(c, 0))])
    error_message = "At most four ranges."
  }
}

variable "instance_tenancy" {
  type    = string
  default = "default"
  validation {
    condition     = contains(["default", "dedicated"], var.instance_tenancy)
    error_message = "Not a tenancy."
  }
}

variable "azs" {
  description = <<-EOT
    Availability zones, by name.

    At least two.
  EOT
  type        = set(string)
  nullable    = false
  validation {
    condition     = length(var.azs) >= 2
    error_message = "At least two."
  }
}

variable "public_subnets" {
  type    = list(string)
  default = []
}

variable "private_subnets" {
  type    = list(string)
  default = ["10.0.1.0/24", "10.0.2.0/24"]
}

variable "database_subnets" {
  type    = list(string)
  default = null
}

variable "subnets" {
  description = "Subnets in detail."
  type = map(object({
    cidr   = string
    type   = optional(string, "private")
    zone   = optional(string)
    routes = optional(list(object({ to = string, via = optional(string, "nat") })), [])
    tags   = optional(map(string), {})
  }))
  default = {}
  validation {
    condition     = alltrue([for s in var.subnets : contains(["public", "private"], s.type)])
    error_message = "A subnet is public or private."
  }
}

variable "nat_gateway" {
  type = object({
    mode  = optional(string, "single")
    eips  = optional(list(string))
    count = optional(number, 1)
  })
  default = { mode = "per-zone", eips = null }
  validation {
    condition     = contains(["none", "single", "per-zone"], var.nat_gateway.mode) && var.nat_gateway.count >= 0
    error_message = "Not a mode."
  }
}

variable "flow_log" {
  type = object({
    enabled   = bool
    retention = number
    bucket    = string
  })
  default = {
    enabled   = false
    retention = 7
    bucket    = null
  }
}

variable "flow_log_max_aggregation_interval" {
  type    = number
  default = 600
  validation {
    condition     = var.flow_log_max_aggregation_interval == 60 || var.flow_log_max_aggregation_interval == 600
    error_message = "60 or 600."
  }
}

variable "flow_log_sampling" {
  type    = number
  default = 0.5
  validation {
    condition     = var.flow_log_sampling > 0 && var.flow_log_sampling <= 1
    error_message = "A share."
  }
}

variable "asn" {
  type    = number
  default = 64512
  validation {
    condition     = floor(var.asn) == var.asn && 64512 <= var.asn && var.asn < 65535
    error_message = "A private ASN."
  }
}

variable "netmask_length" {
  type    = number
  default = null
  validation {
    condition     = var.netmask_length == null ? true : var.netmask_length >= 16 && var.netmask_length <= 28
    error_message = "Between 16 and 28."
  }
}

variable "port_range" {
  type    = tuple([number, number])
  default = [1024, 65535]
}

variable "rule" {
  type    = tuple([string, number, bool])
  default = ["tcp", 443, true]
}

variable "extra" {
  description = "Handed on as it is."
  type        = any
  default     = {}
}

variable "acl_rules" {
  type    = list(map(string))
  default = [{ protocol = "-1", rule_action = "allow", from_port = 0 }]
}

variable "acl_anything" {
  type    = list(any)
  default = []
}

variable "tags" {
  type    = map(string)
  default = {}
}

variable "tags_by_tier" {
  type    = map(map(string))
  default = { public = { tier = 1 } }
}

variable "priorities" {
  type    = map(number)
  default = {}
  validation {
    condition     = alltrue([for k, v in var.priorities : v >= 1 && v % 5 == 0])
    error_message = "Multiples of 5."
  }
}

variable "zones" {
  type    = set(object({ name = string, weight = optional(number) }))
  default = []
}

variable "vpn_shared_key" {
  type      = string
  sensitive = true
  default   = null
}

variable "dns_servers" {
  type    = list(string)
  default = ["AmazonProvidedDNS"]
}

variable "dns_domain" {
  type    = string
  default = ""
  validation {
    condition     = var.dns_domain == "" || can(regex("^[a-z.]+$", var.dns_domain))
    error_message = "Not a domain."
  }
}

variable "bucket_arn" {
  type    = string
  default = "arn:aws:s3:::logs"
  validation {
    condition     = startswith(var.bucket_arn, "arn:") && length(regexall("s3", var.bucket_arn)) > 0
    error_message = "Not an ARN."
  }
}

variable "endpoints" {
  type    = map(list(string))
  default = {}
  validation {
    condition     = length(setsubtract(keys(var.endpoints), ["s3", "dynamodb"])) == 0
    error_message = "Unknown endpoint."
  }
}

variable "ipam_pool" {
  type    = string
  default = null
  validation {
    condition     = var.ipam_pool == null ? true : !contains(["x"], var.ipam_pool)
    error_message = "Not x."
  }
}

variable "nested" {
  type = object({
    a = object({ b = optional(object({ c = optional(number, 3) }), {}) })
  })
  default = { a = {} }
}

# Without types.
variable "untyped_text" {
  default = "a"
}

variable "untyped_list" {
  default = ["a"]
}

variable "untyped_map" {
  default = { a = 1 }
}

variable "untyped" {}
