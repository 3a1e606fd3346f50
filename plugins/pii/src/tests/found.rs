//! Each kind: what is one, and what only looks like it. The numbers are made up and have right
//! check digits, or are those that issuers give for tests.

use sluice_fold::Folded;

use crate::find::find;
use crate::kind::{Kind, Kinds};

/// What is found in a text, all kinds being looked for.
pub fn found(text: &str) -> Vec<(Kind, &str)> {
    let all: Kinds = Kind::all().filter(|it| *it != Kind::Url).collect();
    let found = find(&Folded::of(text, false), all, 0);
    found
        .into_iter()
        .map(|it| (it.kind, &text[it.range]))
        .collect()
}

/// Each text in a sentence, between letters of a script without blanks, and alone.
#[track_caller]
pub fn are(kind: Kind, texts: &[&str]) {
    for text in texts {
        for (before, after) in [
            ("", ""),
            ("我的", "谢谢"),
            ("It is (", "), so."),
            ("一、", "，二"),
        ] {
            let whole = format!("{before}{text}{after}");
            assert_eq!(found(&whole), [(kind, *text)], "{whole}");
        }
    }
}

#[track_caller]
pub fn are_not(kind: Kind, texts: &[&str]) {
    for text in texts {
        let all = found(text);
        assert!(all.iter().all(|it| it.0 != kind), "{text}: {all:?}");
    }
}

#[test]
fn email() {
    are(
        Kind::Email,
        &[
            "ada@example.com",
            "ada.lovelace+math@mail.example.co.uk",
            "o'hara_1@sub-domain.example.museum",
            "ada@münchen.de",
            "ada@xn--mnchen-3ya.de",
            "a@b.xn--p1ai",
        ],
    );
    are_not(
        Kind::Email,
        &[
            "@example.com",
            "ada@",
            "ada@localhost",
            "ada@example.c",
            "a..b@example.com",
            "ada.@example.com",
            "@media (max-width: 1px)",
            "user@host",
            "see @ada for 1@2.3",
            "git@github:repo",
        ],
    );
    assert_eq!(
        found("ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ").len(),
        1,
        "full width"
    );
    assert_eq!(found("ada@exam\u{200b}ple.com").len(), 1, "hidden letters");
    assert_eq!(
        found("mailto:ada@example.com."),
        [(Kind::Email, "ada@example.com")]
    );
}

#[test]
fn phone() {
    are(
        Kind::Phone,
        &[
            "+49 30 901820",
            "+1 415 555 2671",
            "+1 (415) 555-2671",
            "+44 20 7946 0958",
            "+86 138 0013 8000",
            "+33 (0)1 23 45 67 89",
            "+4930901820",
            "(415) 555-2671",
            "415-555-2671",
            "1-415-555-2671",
            "030 90182000",
            "06 12 34 56 78",
            "020 7946 0958",
            "13800138000",
            "138 0013 8000",
            "0049 30 901820",
            "010-62781234",
        ],
    );
    assert_eq!(found("tel. 5552671, 9"), [(Kind::Phone, "5552671")]);
    assert_eq!(found("手机号 87654321"), [(Kind::Phone, "87654321")]);
    assert_eq!(
        found("１３８００１３８０００"),
        [(Kind::Phone, "１３８００１３８０００")]
    );
    are_not(
        Kind::Phone,
        &[
            "115-555-2671",
            "415-155-2671",
            "+0 123 456 789",
            "+999 12345678",
            "2023-01-02 10",
            "01.02.2023 1030",
            "12800138000",
            "1380013800",
            "138001380001",
            "87654321",
            "hotel 87654321",
            "version 1.2.3.4.5",
            "0.30901820",
            "3.14159265358979",
            "ISBN 978-3-16-148410-0",
            "1234567890",
            "1 000 000 000",
        ],
    );
}

#[test]
fn card() {
    are(
        Kind::Card,
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "5555-5555-5555-4444",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "3056 930902 5904",
            "6011111111111117",
            "3530111333300000",
            "6200000000000005",
            "6759649826438453",
            "4222222222222",
            "2200240507650808",
        ],
    );
    are_not(
        Kind::Card,
        &[
            "4111111111111112",
            "4111 1111 1111 11111",
            "0000000000000000",
            "1111111111111117",
            "41 11 11 11 11 11 11 11",
            "9999999999999995",
            "a4111111111111111",
            "411111111111111",
            "4111111111111111a",
            "1234567812345670",
        ],
    );
}

#[test]
fn iban() {
    are(
        Kind::Iban,
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB82 WEST 1234 5698 7654 32",
            "gb82west12345698765432",
            "FR1420041010050500013M02606",
            "NL91 ABNA 0417 1643 00",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "SA0380000000608010167519",
            "BR1800360305000010009795493C1",
            "CH93 0076 2011 6238 5295 7",
            "PL61109010140000071219812874",
        ],
    );
    are_not(
        Kind::Iban,
        &[
            "DE89370400440532013001",
            "DE8937040044053201300",
            "DE893704004405320130000",
            "XX89370400440532013000",
            "DE8937040044053201300O",
            "AB12 is a room",
        ],
    );
}

#[test]
fn ip_address() {
    are(
        Kind::Ip,
        &[
            "192.0.2.1",
            "203.0.113.255",
            "2001:db8::8a2e:370:7334",
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "fe80::1:2:3",
        ],
    );
    assert_eq!(found("http://192.0.2.1:8080/x"), [(Kind::Ip, "192.0.2.1")]);
    are_not(
        Kind::Ip,
        &[
            "127.0.0.1",
            "0.0.0.0",
            "::1",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "std::vec",
            "a::b",
            "12:30:45",
            "01.02.03.04",
            "dead::beef",
        ],
    );
}

#[test]
fn url_if_it_is_asked_for() {
    let urls: Kinds = [Kind::Url].into_iter().collect();
    let text =
        "see https://example.com/a?b=c, www.example.org. 看http://例.com/x或者https://a.cn/路";
    let found = find(&Folded::of(text, false), urls, 0);
    let texts: Vec<&str> = found.into_iter().map(|it| &text[it.range]).collect();
    assert_eq!(
        texts,
        [
            "https://example.com/a?b=c",
            "www.example.org",
            "https://a.cn/"
        ]
    );
}

#[test]
fn american_social_security() {
    are(Kind::UsSsn, &["536-22-1234", "001 01 0001"]);
    assert_eq!(found("SSN: 536221234"), [(Kind::UsSsn, "536221234")]);
    are_not(
        Kind::UsSsn,
        &[
            "000-22-1234",
            "666-22-1234",
            "900-22-1234",
            "536-00-1234",
            "536-22-0000",
            "078-05-1120",
            "536221234",
            "536-221234",
            "536-22-12345",
        ],
    );
}

#[test]
fn british_national_insurance() {
    are(Kind::UkNino, &["AB123456C", "AB 12 34 56 C", "JG103759A"]);
    are_not(
        Kind::UkNino,
        &[
            "DA123456C",
            "BG123456C",
            "AO123456C",
            "AB123456E",
            "AB12345C",
            "AB1234567",
            "XAB123456C",
        ],
    );
}

#[test]
fn german_tax_id() {
    are(Kind::DeTaxId, &["14 329 185 102", "95 130 625 586"]);
    assert_eq!(
        found("Steuer-ID: 21747685090"),
        [(Kind::DeTaxId, "21747685090")]
    );
    are_not(
        Kind::DeTaxId,
        &[
            "14 329 185 103",
            "Steuer-ID 11111111111",
            "Steuer-ID 01234567890",
            "21747685090",
        ],
    );
}

#[test]
fn french_nir() {
    are(
        Kind::FrNir,
        &[
            "142071327772168",
            "1 42 07 13 277 721 68",
            "244062A72979576",
            "179122B84667294",
            "158019968918478",
        ],
    );
    are_not(
        Kind::FrNir,
        &[
            "142071327772169",
            "142131327772168",
            "542071327772168",
            "14207132777216",
        ],
    );
}

#[test]
fn spanish_nif() {
    are(
        Kind::EsNif,
        &[
            "44130038F",
            "33946885-N",
            "Y5747483G",
            "X-2798800-E",
            "y0339327e",
        ],
    );
    are_not(
        Kind::EsNif,
        &["44130038G", "X2798800F", "4413003F", "44130038FA"],
    );
}

#[test]
fn italian_fiscal_code() {
    are(
        Kind::ItFiscalCode,
        &["RSSMRA85T10A562S", "RSSMRA85T10A56NH", "rssmra85t10a562s"],
    );
    are_not(
        Kind::ItFiscalCode,
        &["RSSMRA85T10A562T", "RSSMRA85F10A562S", "RSSMRA85T10A562SX"],
    );
}

#[test]
fn dutch_citizen_number() {
    assert_eq!(found("BSN 699218706"), [(Kind::NlBsn, "699218706")]);
    assert_eq!(
        found("burgerservicenummer: 6479.53.316"),
        [(Kind::NlBsn, "6479.53.316")]
    );
    are_not(
        Kind::NlBsn,
        &["BSN 699218707", "699218706", "BSN 000000000"],
    );
}

#[test]
fn polish_pesel() {
    are(
        Kind::PlPesel,
        &["22010678431", "68051588490", "52120393326"],
    );
    are_not(
        Kind::PlPesel,
        &["22010678432", "22130678431", "22013278431"],
    );
}

#[test]
fn brazilian_cpf() {
    are(
        Kind::BrCpf,
        &["517.383.124-37", "51738312437", "075.314.097-71"],
    );
    are_not(
        Kind::BrCpf,
        &["517.383.124-38", "111.111.111-11", "51738312436"],
    );
}

#[test]
fn indian_aadhaar() {
    are(Kind::InAadhaar, &["3752 2925 4107", "9821-5753-8571"]);
    assert_eq!(
        found("Aadhaar: 394729510997"),
        [(Kind::InAadhaar, "394729510997")]
    );
    are_not(
        Kind::InAadhaar,
        &["3752 2925 4108", "1752 2925 4107", "394729510997"],
    );
}

#[test]
fn chinese_resident_id() {
    are(
        Kind::CnResidentId,
        &[
            "440305199712151482",
            "110101195002078478",
            "110101198211261686",
        ],
    );
    are(
        Kind::CnResidentId,
        &["11010519491231002X", "11010519491231002x"],
    );
    are_not(
        Kind::CnResidentId,
        &[
            "440305199712151483",
            "440305199713151482",
            "440305199702301482",
            "11010519491231003X",
            "44030519971215148",
        ],
    );
}

#[test]
fn passport_lines() {
    let passport = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let card = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    are(Kind::PassportMrz, &[passport, card, &passport[45..]]);
    let wrong = passport.replace("L898902C36", "L898902C37");
    are_not(Kind::PassportMrz, &[&wrong, &passport[..44]]);
}

#[test]
fn every_kind_has_its_names_and_none_twice() {
    let names: Vec<&str> = Kind::names().collect();
    let different: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), different.len());
    for kind in Kind::all() {
        assert_eq!(Kind::of(kind.name()), Some(kind));
        assert!(!kind.label().is_empty());
    }
    assert_eq!(
        Kind::all().count(),
        Kind::Url as usize + 1,
        "a kind is missing in the table"
    );
}
