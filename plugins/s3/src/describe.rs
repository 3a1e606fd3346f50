//! What the plugin says of itself.

use serde_json::{Value, json};
use sluice_records::MOST_REQUESTS;

/// The callback that writes an object of lines for each batch.
pub const LINES: &str = "s3_lines";

pub fn document() -> Value {
    json!({
        "name": "s3",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "S3: an object for each record or each batch",
        "license": "MIT OR Apache-2.0",
        "callbacks": [
            // A request for each record, and so many may be made for a batch.
            callback("s3_v2", "S3, an object for each record", MOST_REQUESTS),
            callback("s3", "S3, an object for each record", MOST_REQUESTS),
            callback(LINES, "S3, an object of lines for each batch", 1000)
        ],
        "examples": [example()]
    })
}

fn callback(name: &str, title: &str, max_batch: usize) -> Value {
    json!({
        "name": name,
        "title": title,
        "docs": "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html",
        "max_batch": max_batch,
        "base_url_env": ["S3_ENDPOINT_URL"],
        "hosts": ["*.s3.*.amazonaws.com", "s3.*.amazonaws.com", "*.s3.*.amazonaws.com.cn", "s3.*.amazonaws.com.cn"],
        "auth": {"scheme": "sigv4", "service": "s3"},
        // By these names the gateway's signer looks for keys; without them it takes the usual
        // variables, profiles and roles of AWS.
        "secrets": {
            "aws_access_key_id": {"env": ["S3_AWS_ACCESS_KEY_ID"], "title": "Access key"},
            "aws_secret_access_key": {"env": ["S3_AWS_SECRET_ACCESS_KEY"], "title": "Secret key"},
            "aws_session_token": {"env": ["S3_AWS_SESSION_TOKEN"], "title": "Session token"},
            "aws_web_identity_token": {"env": ["S3_AWS_WEB_IDENTITY_TOKEN"], "title": "Token of an identity provider"}
        },
        "config_schema": {"type": "object", "required": ["s3_bucket_name"], "properties": {
            "s3_bucket_name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "x-env": ["S3_BUCKET_NAME"], "description": "The bucket"},
            "s3_region_name": {"type": "string", "pattern": "^[a-z0-9-]+$", "x-env": ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"], "description": "Its region; needed without an endpoint"},
            "s3_path": {"type": "string", "description": "What keys begin with"},
            "s3_use_team_prefix": {"type": "boolean", "default": false, "description": "The team's alias is part of the key"},
            "s3_use_key_prefix": {"type": "boolean", "default": false, "description": "The key's alias is part of the key"},
            "s3_use_virtual_hosted_style": {"type": "boolean", "default": false, "description": "The endpoint is the bucket's own address: its path does not begin with the bucket"},
            "s3_server_side_encryption": {"type": "string", "enum": ["AES256", "aws:kms", "aws:kms:dsse"], "description": "How objects are encrypted there"},
            "s3_sse_kms_key_id": {"type": "string", "description": "By which key of KMS"},
            "aws_role_name": {"type": "string", "x-env": ["S3_AWS_ROLE_NAME"], "description": "A role to take on"},
            "aws_session_name": {"type": "string", "x-env": ["S3_AWS_SESSION_NAME"], "description": "What it is taken on as"},
            "aws_profile_name": {"type": "string", "x-env": ["S3_AWS_PROFILE_NAME"], "description": "A profile of the shared files"},
            "aws_sts_endpoint": {"type": "string", "x-env": ["S3_AWS_STS_ENDPOINT"], "description": "Where roles are taken on"}
        }}
    })
}

fn example() -> Value {
    json!({
        "name": "a call is an object",
        "callback": "s3_v2",
        "config": {"callback": "s3_v2", "s3_bucket_name": "logs", "s3_region_name": "eu-central-1", "s3_path": "llm"},
        "records": [{"id": "r", "litellm_call_id": "c", "status": "success", "startTime": 1.5, "endTime": 2.0}],
        "fetches": [{"method": "PUT", "url": "https://logs.s3.eu-central-1.amazonaws.com/llm/1970-01-01/time-00-00-01-500000_r.json", "status": 200}],
        "expect": {}
    })
}
