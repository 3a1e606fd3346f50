//! The bucket's address.

use std::fmt::Write as _;

use serde_json::Value;
use sluice_sdk::{Error, fault};

#[derive(Debug)]
pub struct Place {
    /// What keys are put behind: an address at AWS, or a path below the operator's endpoint.
    base: String,
    /// None: as the gateway's signer finds it.
    pub region: Option<String>,
    /// Headers of encryption.
    pub encryption: Vec<(&'static str, String)>,
}

impl Place {
    /// # Errors
    /// No bucket, or neither an endpoint nor a region.
    pub fn of(config: &Value) -> Result<Self, Error> {
        let text = |name: &str| config[name].as_str().filter(|it| !it.is_empty());
        let bucket = text("s3_bucket_name");
        let bucket = bucket.ok_or_else(|| fault::invalid_request("`s3_bucket_name` is not set"))?;
        let region = text("s3_region_name");
        let base = if config["has_api_base"] == true {
            match config["s3_use_virtual_hosted_style"] == true {
                true => String::new(),
                false => format!("/{bucket}"),
            }
        } else {
            let region = region.ok_or_else(|| {
                fault::invalid_request("`s3_region_name` is not set, nor an `s3_endpoint_url`")
            })?;
            aws(bucket, region)
        };
        Ok(Self {
            base,
            region: region.map(str::to_owned),
            encryption: encryption(text("s3_server_side_encryption"), text("s3_sse_kms_key_id")),
        })
    }

    /// The address of a key, which is escaped once: so it is signed.
    pub fn address(&self, key: &str) -> String {
        let mut address = format!("{}/", self.base);
        for byte in key.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    address.push(char::from(byte));
                }
                // Writing to a string does not fail.
                other => drop(write!(address, "%{other:02X}")),
            }
        }
        address
    }
}

/// A bucket with a point in its name has no certificate of its own.
fn aws(bucket: &str, region: &str) -> String {
    let domain = match region.starts_with("cn-") {
        true => "amazonaws.com.cn",
        false => "amazonaws.com",
    };
    match bucket.contains('.') {
        true => format!("https://s3.{region}.{domain}/{bucket}"),
        false => format!("https://{bucket}.s3.{region}.{domain}"),
    }
}

fn encryption(algorithm: Option<&str>, key: Option<&str>) -> Vec<(&'static str, String)> {
    let Some(algorithm) = algorithm.or(key.map(|_| "aws:kms")) else {
        return Vec::new();
    };
    let mut headers = vec![("x-amz-server-side-encryption", algorithm.to_owned())];
    if let Some(key) = key.filter(|_| algorithm.starts_with("aws:kms")) {
        let name = "x-amz-server-side-encryption-aws-kms-key-id";
        headers.push((name, key.to_owned()));
    }
    headers
}
