"""What a record of a callback has to be: LiteLLM's `StandardLoggingPayload` (`litellm/types/utils.py`)."""


class Wrong(Exception):
    """A document that is not what the published description says, and where."""


def kind(value):
    return "null" if value is None else type(value).__name__


def need(document, at, types):
    """Every member of `types` is there, and of one of its types. A type is a Python type or None."""
    if not isinstance(document, dict):
        raise Wrong(f"{at} is {kind(document)}, not an object")
    for name, wanted in types.items():
        if name not in document:
            raise Wrong(f"{at}.{name} is missing")
        is_type(document[name], f"{at}.{name}", wanted)


def may(document, at, types):
    """No member but those of `types`, each of one of its types; null is as good as missing."""
    if not isinstance(document, dict):
        raise Wrong(f"{at} is {kind(document)}, not an object")
    for name, value in document.items():
        if name not in types:
            raise Wrong(f"{at}.{name} is unknown")
        if value is not None:
            is_type(value, f"{at}.{name}", types[name])


def is_type(value, at, wanted):
    for it in wanted if isinstance(wanted, tuple) else (wanted,):
        if it is None and value is None:
            return
        # A boolean is no number here, and a whole number is as good as one with a fraction.
        if it is float and isinstance(value, int | float) and not isinstance(value, bool):
            return
        if it is int and isinstance(value, int) and not isinstance(value, bool):
            return
        if it not in (None, int, float) and isinstance(value, it):
            return
    raise Wrong(f"{at} is {kind(value)}")


def texts(value, at):
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise Wrong(f"{at} is no list of texts")


ANY = (dict, list, str, int, float, bool, None)
TEXT = (str, None)

RECORD = {
    "id": str, "trace_id": str, "call_type": str, "stream": (bool, None), "response_cost": float,
    "response_cost_failure_debug_info": (dict, None), "status": str, "status_fields": dict,
    "custom_llm_provider": TEXT, "total_tokens": int, "prompt_tokens": int, "completion_tokens": int,
    "startTime": float, "endTime": float, "completionStartTime": float, "response_time": float,
    "model_map_information": dict, "model": str, "model_id": TEXT, "model_group": TEXT, "api_base": str,
    "metadata": dict, "cache_hit": (bool, None), "cache_key": TEXT, "saved_cache_cost": float,
    "request_tags": list, "end_user": TEXT, "requester_ip_address": TEXT, "messages": ANY, "response": ANY,
    "error_str": TEXT, "error_information": (dict, None), "model_parameters": dict, "hidden_params": dict,
    "guardrail_information": (list, dict, None), "standard_built_in_tools_params": (dict, None),
    "litellm_call_id": str, "session_id": TEXT, "cost_breakdown": (dict, None), "user_agent": TEXT,
}

METADATA = {
    "user_api_key_hash": TEXT, "user_api_key_alias": TEXT, "user_api_key_spend": (float, None),
    "user_api_key_max_budget": (float, None), "user_api_key_budget_reset_at": TEXT, "user_api_key_org_id": TEXT,
    "user_api_key_team_id": TEXT, "user_api_key_team_alias": TEXT, "user_api_key_user_id": TEXT,
    "user_api_key_user_email": TEXT, "user_api_key_end_user_id": TEXT, "user_api_key_request_route": TEXT,
    "user_api_key_auth_metadata": (dict, None), "spend_logs_metadata": (dict, None), "requester_ip_address": TEXT,
    "requester_metadata": (dict, None), "applied_guardrails": (list, None), "usage_object": (dict, None),
}


def check_record(record, at="record", holders=True):
    """`holders`: the caller is named, which `redact_user_api_key_info` forbids."""
    need(record, at, RECORD)
    own = {name: types for name, types in METADATA.items() if holders or not name.startswith("user_api_key")}
    need(record["metadata"], f"{at}.metadata", own)
    texts(record["request_tags"], f"{at}.request_tags")
    if record["status"] not in ("success", "failure"):
        raise Wrong(f"{at}.status is {record['status']!r}")
    if not record["startTime"] <= record["completionStartTime"] <= record["endTime"]:
        raise Wrong(f"{at} ends before it begins")
    if record["status"] == "failure":
        need(record["error_information"], f"{at}.error_information",
             {"error_code": TEXT, "error_class": TEXT, "llm_provider": TEXT, "error_message": TEXT})
