//! What a key may do: a plan's words, as the actions that S3 knows.

use crate::failure::{Error, Result};

const CONFIGURE: &[&str] = &[
    "s3:CreateBucket",
    "s3:DeleteBucket",
    "s3:GetBucketVersioning",
    "s3:PutBucketVersioning",
    "s3:GetLifecycleConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// What a key may do in some buckets.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    /// Its rights there, in a plan's words.
    pub(super) may: Vec<String>,
    /// The buckets; a name that ends with `*` stands for all that begin so.
    pub(super) buckets: Vec<String>,
}

impl Grant {
    /// Whether it holds in this bucket.
    pub(super) fn covers(&self, bucket: &str) -> bool {
        self.buckets.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => bucket.starts_with(start),
            None => bucket == name,
        })
    }

    /// Whether it is one to configure buckets.
    pub(super) fn configures(&self) -> bool {
        self.may.iter().any(|right| right == "configure")
    }

    /// The actions that it allows.
    ///
    /// # Errors
    /// An unknown right.
    pub(super) fn actions(&self) -> Result<Vec<&'static str>> {
        let mut actions = vec!["s3:GetBucketLocation"];
        for right in &self.may {
            actions.extend(match right.as_str() {
                "put" => ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"].as_slice(),
                // MinIO's client asks for the version that it has found.
                "get" => ["s3:GetObject", "s3:GetObjectVersion"].as_slice(),
                "list" => ["s3:ListBucket", "s3:ListBucketMultipartUploads"].as_slice(),
                "delete" => ["s3:DeleteObject"].as_slice(),
                "configure" => CONFIGURE,
                other => {
                    return Err(Error::new(format!(
                        "unknown right '{other}': use put, get, list, delete or configure"
                    )));
                }
            });
        }
        Ok(actions)
    }
}

/// A bucket and all that is in it, as policies name them.
pub(super) fn resources(bucket: &str) -> [String; 2] {
    [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_all_that_begin_so_and_nothing_else_does() {
        let grant = Grant { may: Vec::new(), buckets: vec!["own".into(), "copies-*".into()] };
        for (bucket, covered) in
            [("own", true), ("owner", false), ("copies-1", true), ("copies-", true), ("copies", false), ("copy", false)]
        {
            assert_eq!(grant.covers(bucket), covered, "{bucket}");
        }
    }
}
