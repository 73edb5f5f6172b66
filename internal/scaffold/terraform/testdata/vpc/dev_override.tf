variable "public_subnets" {
  default = ["10.0.101.0/24"]
}
