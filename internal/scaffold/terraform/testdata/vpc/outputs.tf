output "vpc_id" {
  value = aws_vpc.this.id
}

output "arn" {
  value = aws_vpc.this.arn
}
