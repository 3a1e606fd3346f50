//! What is found, by name.

/// A kind of personal data or secret. Where two are found in the same place, the earlier stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    PrivateKey,
    Jwt,
    AwsKey,
    GithubToken,
    GitlabToken,
    AnthropicKey,
    OpenAiKey,
    GoogleKey,
    SlackToken,
    StripeKey,
    ServiceToken,
    UrlPassword,
    Secret,
    Email,
    Iban,
    PassportMrz,
    CnResidentId,
    FrNir,
    ItFiscalCode,
    Card,
    Ip,
    EsNif,
    UkNino,
    UsSsn,
    BrCpf,
    InAadhaar,
    DeTaxId,
    NlBsn,
    PlPesel,
    Phone,
    Url,
}

use Kind::*;

/// Kind, name in the settings, word in the placeholder, other names that are taken.
const TABLE: &[(Kind, &str, &str, &[&str])] = &[
    (Email, "EMAIL_ADDRESS", "EMAIL", &["EMAIL"]),
    (Phone, "PHONE_NUMBER", "PHONE", &["PHONE"]),
    (Card, "CREDIT_CARD", "CARD", &["CARD"]),
    (Iban, "IBAN_CODE", "IBAN", &["IBAN"]),
    (Ip, "IP_ADDRESS", "IP", &["IP"]),
    (Url, "URL", "URL", &[]),
    (UsSsn, "US_SSN", "US_SSN", &["SSN"]),
    (UkNino, "UK_NINO", "UK_NINO", &[]),
    (DeTaxId, "DE_TAX_ID", "DE_TAX_ID", &[]),
    (FrNir, "FR_NIR", "FR_NIR", &[]),
    (EsNif, "ES_NIF", "ES_NIF", &["ES_NIE", "ES_DNI"]),
    (ItFiscalCode, "IT_FISCAL_CODE", "IT_FISCAL_CODE", &[]),
    (NlBsn, "NL_BSN", "NL_BSN", &[]),
    (PlPesel, "PL_PESEL", "PL_PESEL", &[]),
    (BrCpf, "BR_CPF", "BR_CPF", &[]),
    (InAadhaar, "IN_AADHAAR", "IN_AADHAAR", &[]),
    (CnResidentId, "CN_RESIDENT_ID", "CN_RESIDENT_ID", &[]),
    (PassportMrz, "PASSPORT_MRZ", "PASSPORT", &[]),
    (PrivateKey, "PRIVATE_KEY", "PRIVATE_KEY", &[]),
    (Jwt, "JWT", "JWT", &[]),
    (AwsKey, "AWS_ACCESS_KEY", "AWS_KEY", &[]),
    (GithubToken, "GITHUB_TOKEN", "GITHUB_TOKEN", &[]),
    (GitlabToken, "GITLAB_TOKEN", "GITLAB_TOKEN", &[]),
    (OpenAiKey, "OPENAI_API_KEY", "OPENAI_KEY", &[]),
    (AnthropicKey, "ANTHROPIC_API_KEY", "ANTHROPIC_KEY", &[]),
    (GoogleKey, "GOOGLE_API_KEY", "GOOGLE_KEY", &[]),
    (SlackToken, "SLACK_TOKEN", "SLACK_TOKEN", &[]),
    (StripeKey, "STRIPE_KEY", "STRIPE_KEY", &[]),
    (ServiceToken, "SERVICE_TOKEN", "TOKEN", &[]),
    (UrlPassword, "URL_PASSWORD", "URL_PASSWORD", &[]),
    (Secret, "GENERIC_SECRET", "SECRET", &[]),
];

impl Kind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// By its name in the settings, or another that is taken for it.
    pub fn of(name: &str) -> Option<Self> {
        let found = TABLE
            .iter()
            .find(|row| row.1 == name || row.3.contains(&name));
        found.map(|row| row.0)
    }

    /// Every name that the settings may have.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TABLE
            .iter()
            .flat_map(|row| [row.1].into_iter().chain(row.3.iter().copied()))
    }

    fn row(self) -> (&'static str, &'static str) {
        let found = TABLE.iter().find(|row| row.0 == self);
        found.map_or(("", ""), |row| (row.1, row.2))
    }

    /// Its name in the settings.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its word in a placeholder: `<EMAIL_1>`.
    pub fn label(self) -> &'static str {
        self.row().1
    }

    /// Whether it is a key or a password, and no data of a person.
    pub fn is_secret(self) -> bool {
        self <= Secret
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds(u64);

impl Kinds {
    /// Whether it is one of them.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Whether any of these is.
    pub fn has_any(self, kinds: &[Kind]) -> bool {
        kinds.iter().any(|it| self.has(*it))
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<I: IntoIterator<Item = Kind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |set, it| set | 1 << it as u32))
    }
}
