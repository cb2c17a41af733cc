"""S3 itself is moto's; here is what it takes on trust and Amazon S3 does not."""
