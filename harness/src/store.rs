//! S3 endpoints, buckets and credentials.
