//! What the plugin says of itself.

use serde_json::{Value, json};

pub fn document() -> Value {
    json!({
        "name": "langsmith",
        "version": env!("CARGO_PKG_VERSION"),
        "summary": "LangSmith: runs",
        "license": "MIT OR Apache-2.0",
        "callbacks": [{
            "name": "langsmith",
            "title": "LangSmith",
            "docs": "https://docs.langchain.com/langsmith/trace-with-api",
            "max_batch": 200,
            "base_url": "https://api.smith.langchain.com",
            "base_url_env": ["LANGSMITH_BASE_URL", "LANGSMITH_ENDPOINT"],
            "auth": {"scheme": "header", "name": "x-api-key", "secret": "langsmith_api_key"},
            "secrets": {"langsmith_api_key": {"env": ["LANGSMITH_API_KEY"], "required": true, "title": "API key"}},
            "config_schema": {"type": "object", "properties": {
                "langsmith_project": {"type": "string", "default": "litellm-completion", "x-env": ["LANGSMITH_PROJECT"],
                    "description": "The project of runs whose request names none (`project_name` in its metadata)"},
                "langsmith_default_run_name": {"type": "string", "default": "LLMRun", "x-env": ["LANGSMITH_DEFAULT_RUN_NAME"],
                    "description": "The name of runs whose request names none (`run_name`)"},
                "langsmith_sampling_rate": {"type": ["number", "string"], "default": 1, "minimum": 0, "maximum": 1, "pattern": "^(0|1|0?\\.[0-9]+|1\\.0+)$",
                    "x-env": ["LANGSMITH_SAMPLING_RATE"], "description": "The share of records that is sent, 0 to 1"},
                "langsmith_tenant_id": {"type": "string", "x-env": ["LANGSMITH_TENANT_ID", "LANGSMITH_WORKSPACE_ID"],
                    "description": "The workspace, for keys of several"}
            }}
        }],
        "examples": [example()]
    })
}

fn example() -> Value {
    json!({
        "name": "a call is a run",
        "callback": "langsmith",
        "records": [{"id": "r", "litellm_call_id": "c", "call_type": "acompletion", "status": "success", "model": "m",
            "startTime": 1.0, "endTime": 2.0, "prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3,
            "messages": [{"role": "user", "content": "hi"}], "response": {"choices": [{"message": {"role": "assistant", "content": "ho"}}]}}],
        "fetches": [{"method": "POST", "url": "/runs/batch", "status": 202, "reply": {}}],
        "expect": {}
    })
}
