use super::*;

fn who(key: &str) -> Who {
    Who {
        key: Some(key.into()),
        team: Some("t1".into()),
        ..Who::default()
    }
}

fn sample(calls: &Calls, key: &str, asked: &str) -> Sample<'static> {
    Sample {
        operation: "chat",
        who: calls.who(who(key)),
        asked: calls.name(asked),
        group: calls.name(asked),
        site: calls.site(Site {
            id: Some("d1".into()),
            provider: Some("openai".into()),
            model: Some("gpt-4o".into()),
            api_base: None,
        }),
        model: "gpt-4o",
        status: 200,
        duration: Duration::from_millis(30),
        overhead: Duration::from_micros(80),
        upstream: Some(Duration::from_millis(29)),
        tokens: Tokens {
            input: 5,
            output: 2,
            ..Tokens::default()
        },
        spend_usd: Some(0.25),
        ..Sample::default()
    }
}

fn text(calls: &Calls) -> String {
    let mut out = String::new();
    calls.write(&mut out);
    out
}

/// The value of the one line of a metric that has all of these labels.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let mut lines = text.lines().filter(|line| {
        let named = line
            .strip_prefix(name)
            .is_some_and(|it| it.starts_with(['{', ' ']));
        named && labels.iter().all(|label| line.contains(label))
    });
    let line = lines.next()?;
    assert!(lines.next().is_none(), "{name} {labels:?} is no one line");
    line.rsplit_once(' ')?.1.parse().ok()
}

#[test]
fn a_call_has_litellms_names_and_labels() {
    let calls = Calls::default();
    calls.count(&sample(&calls, "k1", "mine"));
    let failed = Sample {
        status: 429,
        class: Some("RateLimitError"),
        ..sample(&calls, "k1", "mine")
    };
    calls.count(&failed);
    let text = text(&calls);
    let total = "litellm_proxy_total_requests_metric_total";
    let labels = [
        r#"hashed_api_key="k1""#,
        r#"team="t1""#,
        r#"user="None""#,
        r#"end_user="None""#,
        r#"requested_model="mine""#,
        r#"route="/v1/chat/completions""#,
        r#"client_ip="None""#,
        r#"status_code="200""#,
    ];
    assert_eq!(value(&text, total, &labels), Some(1.0), "{text}");
    let failed = "litellm_proxy_failed_requests_metric_total";
    let labels = [
        r#"exception_class="RateLimitError""#,
        r#"exception_status="429""#,
    ];
    assert_eq!(value(&text, failed, &labels), Some(1.0), "{text}");
    let spend = "litellm_spend_metric_total";
    assert_eq!(value(&text, spend, &[r#"model="gpt-4o""#]), Some(0.5));
    let latency = "litellm_llm_api_latency_metric_bucket";
    assert_eq!(value(&text, latency, &[r#"le="0.025""#]), Some(0.0));
    assert_eq!(value(&text, latency, &[r#"le="0.05""#]), Some(2.0));
    assert_eq!(value(&text, latency, &[r#"le="+Inf""#]), Some(2.0));
    let overhead = "litellm_overhead_latency_metric_count";
    let labels = [
        r#"litellm_model_name="gpt-4o""#,
        r#"model_id="d1""#,
        r#"api_base="None""#,
        r#"model_group="mine""#,
    ];
    assert_eq!(value(&text, overhead, &labels), Some(2.0));
    let queue = "litellm_request_queue_time_seconds_count";
    let whose = [
        r#"team="t1""#,
        r#"end_user="None""#,
        r#"requested_model="mine""#,
        r#"model="gpt-4o""#,
    ];
    assert_eq!(value(&text, queue, &labels), Some(2.0));
    assert_eq!(value(&text, queue, &whose), Some(2.0));
}

#[test]
fn our_own_metrics_are_made_of_the_same_calls() {
    let calls = Calls::default();
    for key in ["k1", "k2"] {
        calls.count(&sample(&calls, key, "mine"));
    }
    let text = text(&calls);
    let requests = r#"sluice_requests_total{operation="chat",model_group="mine",status="200"} 2"#;
    assert!(text.contains(requests), "{text}");
    let tokens = r#"sluice_tokens_total{model_group="mine",direction="input"} 10"#;
    assert!(text.contains(tokens), "{text}");
    assert!(text.contains(r#"sluice_spend_usd_total{model_group="mine"} 0.5"#));
}

#[test]
fn series_beyond_the_cap_are_other_and_no_call_is_lost() {
    let calls = Calls::default();
    let more = 50;
    for number in 0..MOST_SERIES + more {
        calls.count(&sample(&calls, &format!("k{number}"), "mine"));
    }
    assert_eq!(calls.len(), MOST_SERIES);
    assert_eq!(calls.beyond(), more as u64);
    let text = text(&calls);
    let total = "litellm_requests_metric_total";
    let rest = value(&text, total, &[r#"hashed_api_key="other""#]);
    assert_eq!(rest, Some(more as f64));
    let all = MOST_SERIES + more;
    let own = r#"sluice_requests_total{operation="chat",model_group="mine",status="200"}"#;
    assert!(text.contains(&format!("{own} {all}")), "{own}");
}

#[test]
fn names_that_clients_make_up_do_not_grow_the_metrics_for_ever() {
    let calls = Calls::default();
    for number in 0..MOST_NAMES + 10 {
        calls.count(&sample(&calls, "k1", &format!("m{number}")));
    }
    let text = text(&calls);
    let own = "sluice_requests_total";
    // Nobody, the rest and `gpt-4o` have a name each.
    assert_eq!(value(&text, own, &[r#"model_group="other""#]), Some(13.0));
    assert_eq!(value(&text, own, &[r#"model_group="m0""#]), Some(1.0));
}

#[test]
fn labels_that_are_left_out_are_summed_over() {
    let calls = Calls::default();
    let rules = shown::Rules {
        only: vec![(
            vec!["litellm_spend_metric".to_owned()],
            Some(vec!["team".to_owned()]),
        )],
        ..shown::Rules::default()
    };
    calls.show(Shown::read(&rules).unwrap());
    for key in ["k1", "k2"] {
        calls.count(&sample(&calls, key, "mine"));
    }
    let text = text(&calls);
    assert!(
        text.contains("litellm_spend_metric_total{team=\"t1\"} 0.5"),
        "{text}"
    );
    assert!(!text.contains("litellm_requests_metric_total"), "{text}");
}

#[test]
fn labels_of_metadata_stand_behind_the_others() {
    let calls = Calls::default();
    let rules = shown::Rules {
        custom: vec!["metadata.tenant".to_owned()],
        end_users: true,
        ..shown::Rules::default()
    };
    calls.show(Shown::read(&rules).unwrap());
    let extra = calls.extra(Extra {
        end_user: Some("u-7".into()),
        custom: vec![Some("acme".into())],
        ..Extra::default()
    });
    calls.count(&Sample {
        extra,
        ..sample(&calls, "k1", "mine")
    });
    let text = text(&calls);
    let labels = [r#"end_user="u-7""#, r#"metadata_tenant="acme""#];
    let spend = value(&text, "litellm_spend_metric_total", &labels);
    assert_eq!(spend, Some(0.25), "{text}");
}

#[test]
fn what_an_upstream_says_is_left_is_its_last_word() {
    let calls = Calls::default();
    for (key, left) in [("k1", 9), ("k2", 8)] {
        calls.count(&Sample {
            left_requests: Some(left),
            ..sample(&calls, key, "mine")
        });
    }
    let rules = shown::Rules {
        without_labels: vec!["hashed_api_key".to_owned()],
        ..shown::Rules::default()
    };
    calls.show(Shown::read(&rules).unwrap());
    let left = value(&text(&calls), "litellm_remaining_requests_metric", &[]);
    assert_eq!(left, Some(8.0));
}

#[test]
fn a_kept_answer_is_a_hit_and_no_tokens() {
    let calls = Calls::default();
    for kept in [Some(true), Some(false), None] {
        calls.count(&Sample {
            kept,
            ..sample(&calls, "k1", "mine")
        });
    }
    let text = text(&calls);
    for (name, wanted) in [
        ("litellm_cache_hits_metric_total", 1.0),
        ("litellm_cache_misses_metric_total", 1.0),
        ("litellm_cached_tokens_metric_total", 7.0),
        ("litellm_total_tokens_metric_total", 14.0),
    ] {
        assert_eq!(value(&text, name, &[]), Some(wanted), "{name}");
    }
}
