use super::*;
use serde_json::json;

fn said(remarks: &Remarks) -> Vec<(&str, &str)> {
    let worded = remarks.0.iter().filter(|it| !it.text.is_empty());
    worded
        .map(|it| (it.path.as_str(), it.text.as_str()))
        .collect()
}

#[test]
fn values_are_read_as_python_reads_them() {
    let env = Env::of(&[("N", "7"), ("F", "False")]);
    let mut remarks = Remarks::default();
    let value = json!({"a": "yes", "b": "1e-6", "c": "os.environ/N", "d": "os.environ/NONE",
        "e": "os.environ/F", "f": "1_000", "g": "Off"});
    let mut section = Section::new("x", Some(value), &env, &mut remarks).of_model("m");
    assert_eq!(section.flag("a"), Some(true));
    assert_eq!(section.number("b"), Some(1e-6));
    assert_eq!(section.count("c"), Some(7));
    assert_eq!(section.text("d"), None);
    assert_eq!(section.flag("e"), Some(false));
    assert_eq!(section.count("f"), Some(1000));
    assert_eq!(section.flag("g"), Some(false));
    let missing = "the environment variable NONE is not set (model `m`)";
    assert_eq!(said(&remarks), [("x.d", missing)]);
}

#[test]
fn a_wrong_type_names_its_path_and_what_was_expected() {
    let env = Env::default();
    let mut remarks = Remarks::default();
    let value = json!({"a": "soon", "b": -1, "c": {}, "d": "maybe", "e": [{}], "f": 7});
    let mut section = Section::new("x", Some(value), &env, &mut remarks);
    assert_eq!(section.seconds("a"), None);
    assert_eq!(section.count("b"), None);
    assert_eq!(section.text("c"), None);
    assert_eq!(section.flag("d"), None);
    assert_eq!(section.texts("e"), None);
    assert_eq!(section.members("f"), None);
    let expected = [
        ("x.a", "is `\"soon\"`, expected a number"),
        ("x.b", "is `-1`, expected a whole number, 0 or more"),
        ("x.c", "is a mapping, expected text"),
        ("x.d", "is `\"maybe\"`, expected true or false"),
        ("x.e", "is a list, expected a list of texts"),
        ("x.f", "is `7`, expected a mapping"),
    ];
    assert_eq!(said(&remarks), expected);
    assert!(remarks.0.iter().any(|it| it.taken == Taken::Wrong));
}

#[test]
fn a_wrong_secret_is_never_shown() {
    let env = Env::of(&[("K", "sk-live")]);
    let mut remarks = Remarks::default();
    let value = json!({"api_key": ["sk-live"], "some_token": "sk-live", "n": "os.environ/K"});
    let mut section = Section::new("x", Some(value), &env, &mut remarks);
    section.secret("api_key");
    section.number("some_token");
    section.number("n");
    assert_eq!(said(&remarks).len(), 3);
    assert!(!format!("{remarks:?}").contains("sk-live"), "{remarks:?}");
}

#[test]
fn references_are_followed_at_any_depth() {
    let env = Env::of(&[("A", "1")]);
    let mut remarks = Remarks::default();
    let value = json!({"x": {"y": ["os.environ/A", "b"], "z": "os.environ/NONE"}});
    let mut section = Section::new("", Some(value), &env, &mut remarks);
    assert_eq!(section.resolved("x"), Some(json!({"y": ["1", "b"]})));
    assert_eq!(said(&remarks)[0].0, "x.z");
}

#[test]
fn what_is_left_is_accepted_unenforced_or_unknown() {
    const NAMES: Names = Names {
        known: &["num_retries"],
        accepted: &["alerting"],
        unenforced: &["allowed_ips", "enable_jwt_auth"],
    };
    let env = Env::default();
    let mut remarks = Remarks::default();
    let value = json!({"num_retrys": 1, "alerting": [], "allowed_ips": ["::1"],
        "enable_jwt_auth": false, "frobnicate": 1});
    Section::new("s", Some(value), &env, &mut remarks).finish(&NAMES);
    let taken: Vec<_> = remarks.0.iter().map(|it| it.taken).collect();
    let expected = [
        Taken::Unknown,
        Taken::Accepted,
        Taken::Warning,
        Taken::Accepted,
        Taken::Unknown,
    ];
    assert_eq!(taken, expected);
    assert_eq!(
        remarks.0[0].text,
        "is not known; did you mean `num_retries`?"
    );
    assert_eq!(remarks.0[4].text, "is not known");
}
