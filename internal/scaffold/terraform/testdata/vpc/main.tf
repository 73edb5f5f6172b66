resource "aws_vpc" "this" {
  cidr_block = var.cidr
}

# A variable that is not in variables.tf.
variable "create" {
  description = "Whether to make anything at all."
  type        = bool
  default     = true
}

locals {
  single_nat = var.nat_gateway.mode == "single"
}
