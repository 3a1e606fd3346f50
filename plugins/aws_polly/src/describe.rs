//! What the plugin says of itself.

use sluice_sdk::serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "aws_polly",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "Amazon Polly: speech",
        "license": "MIT OR Apache-2.0",
        "providers": [{
            "name": "aws_polly",
            "title": "Amazon Polly",
            "hosts": ["polly.*.amazonaws.com", "polly.*.amazonaws.com.cn"],
            "auth": {"scheme": "sigv4", "service": "polly"},
            "secrets": {
                "aws_access_key_id": {"env": ["AWS_ACCESS_KEY_ID"], "title": "Access key"},
                "aws_secret_access_key": {"env": ["AWS_SECRET_ACCESS_KEY"], "title": "Secret access key"},
                "aws_session_token": {"env": ["AWS_SESSION_TOKEN"], "title": "Session token of temporary keys"},
                "aws_web_identity_token": {"title": "Web identity token, or the path of its file"},
                "aws_external_id": {"title": "External id of the role's trust"}
            },
            "operations": {"audio.speech": {"unsupported": ["instructions", "speed"], "ignored": ["user"]}},
            "errors": {"message": "/message"},
            "models": ["standard", "neural", "long-form", "generative"],
            "config_schema": {"type": "object", "properties": {
                "aws_region_name": {"type": "string", "title": "Region", "pattern": "^[a-z]{2}(-[a-z]+)+-[0-9]$",
                    "x-env": ["AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"]},
                "aws_profile_name": {"type": "string", "title": "Profile of the shared files", "x-env": ["AWS_PROFILE"]},
                "aws_role_name": {"type": "string", "title": "ARN of a role to assume", "x-env": ["AWS_ROLE_ARN"]},
                "aws_session_name": {"type": "string", "title": "Name of the role's session", "x-env": ["AWS_ROLE_SESSION_NAME"]},
                "aws_sts_endpoint": {"type": "string", "title": "Address of the token service"}}},
            "verified": false,
            "docs": "https://docs.aws.amazon.com/polly/latest/dg/API_SynthesizeSpeech.html"
        }],
        "examples": [{
            "name": "relays speech as it comes",
            "provider": "aws_polly", "operation": "audio.speech", "model": "neural",
            "body": {"model": "neural", "input": "Hi", "voice": "alloy"},
            "exchanges": [{
                "request": {"method": "POST", "url": "https://polly.us-east-1.amazonaws.com/v1/speech", "body": {
                    "Engine": "neural", "OutputFormat": "mp3", "Text": "Hi", "TextType": "text", "VoiceId": "Joanna"}},
                "reply": {"status": 200, "headers": {"content-type": "audio/mpeg"}, "body": {"base64": "//s="}}
            }],
            "expect": {"relayed": true}
        }]
    })
}
