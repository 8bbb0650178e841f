//! What a channel must hold to besides its types.

use super::ChannelProblem;
use crate::model::{Channel, Entity, Mapping, Of, Secret};
use crate::template::Template;

/// Slugs are the last part of an address: nothing that a URL would escape.
const LONGEST_SLUG: usize = 100;

/// A secret shorter than this could be guessed, and nothing of it could be shown.
const SHORTEST_SECRET: usize = 12;
/// What fits into any header.
const LONGEST_SECRET: usize = 200;
/// Bytes of the hidden field's name.
const LONGEST_HONEYPOT: usize = 100;

/// Fields that hold a list of contact data; each of several rows adds one entry.
// b24: api-reference/crm/data-types.md
const MULTIFIELDS: [&str; 4] = ["PHONE", "EMAIL", "WEB", "IM"];

/// Everything wrong with a channel, in the order of its keys.
pub(super) fn problems(channel: &Channel) -> Vec<ChannelProblem> {
    let mut problems = Vec::new();
    let mut report = |path: &str, reason: Option<String>| {
        problems.extend(reason.map(|reason| ChannelProblem::new(path, reason)));
    };
    report("slug", slug(&channel.slug));
    if channel.responsible_id == Some(0) {
        report(
            "responsible_id",
            Some("0 is no user: give a user's number, or null".to_owned()),
        );
    }
    if channel.entity == Entity::Lead && channel.category_id != 0 {
        report(
            "category_id",
            Some("leads have no pipelines: remove it, or make entity `deal`".to_owned()),
        );
    }
    if channel.stage_id.as_deref() == Some("") {
        report(
            "stage_id",
            Some("it is empty: give a stage's id, or null for the portal's first".to_owned()),
        );
    }
    if let Some(url) = &channel.thank_you_url {
        report("thank_you_url", thank_you_url(url));
    }
    for (number, text) in channel.allowed_origins.iter().enumerate() {
        report(&format!("allowed_origins[{number}]"), origin(text));
    }
    if let Some(name) = &channel.honeypot {
        report("honeypot", honeypot(name));
    }
    if let Some(text) = &channel.secret {
        report("secret", secret(text));
    }
    if channel.max_per_minute == Some(0) {
        let reason = "0 would let no request through: give a number, or leave it out for no limit";
        report("max_per_minute", Some(reason.to_owned()));
    }
    for (number, mapping) in channel.fields.iter().enumerate() {
        let path = format!("fields[{number}]");
        report(&format!("{path}.of"), of(mapping, channel));
        let field = field(mapping, channel).or_else(|| repeated(&channel.fields, number));
        report(&format!("{path}.field"), field);
        report(&format!("{path}.value"), template(&mapping.value, channel));
    }
    problems
}

fn slug(slug: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let fine = slug.len() <= LONGEST_SLUG && slug.bytes().all(allowed);
    (!fine).then(|| {
        format!(
            "use at most {LONGEST_SLUG} of the characters A-Z a-z 0-9 _ -, or leave it out to have one made"
        )
    })
}

fn of(mapping: &Mapping, channel: &Channel) -> Option<String> {
    let own = channel.own();
    let entity = channel.entity.as_str();
    (mapping.of != Of::Contact && mapping.of != own)
        .then(|| format!("this channel writes a {entity}: use `contact` or `{entity}`"))
}

fn field(mapping: &Mapping, channel: &Channel) -> Option<String> {
    let name = mapping.field.as_str();
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Some(format!(
            "{name:?} is no field of the CRM: names are made of A-Z 0-9 _, such as NAME or UF_CRM_ORDER_ID"
        ));
    }
    let own = mapping.of != Of::Contact;
    let reason = match name {
        "ID" => "the portal numbers its records itself: remove this row",
        // By these two the bridge knows again what it created.
        "ORIGINATOR_ID" | "ORIGIN_ID" => "the bridge marks its own records with it: remove this row",
        "STAGE_ID" | "STATUS_ID" if own && name == channel.entity.stage_field() => {
            "the stage comes from the channel's stage_id: set that and remove this row"
        }
        "CATEGORY_ID" if own => {
            "the pipeline comes from the channel's category_id: set that and remove this row"
        }
        "CONTACT_ID" | "CONTACT_IDS" if own => "contacts are bound by the rows of `contact`: remove this row",
        _ => return None,
    };
    Some(reason.to_owned())
}

/// A field that holds one value takes it from one row.
fn repeated(rows: &[Mapping], number: usize) -> Option<String> {
    let row = rows.get(number)?;
    if MULTIFIELDS.contains(&row.field.as_str()) {
        return None;
    }
    let first = rows[..number]
        .iter()
        .position(|other| other.of == row.of && other.field == row.field)?;
    Some(format!(
        "{} is already filled by fields[{first}]: keep one of the two",
        row.field
    ))
}

fn template(text: &str, channel: &Channel) -> Option<String> {
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => return Some(error.to_string()),
    };
    let honeypot = channel.honeypot.as_deref()?;
    template
        .placeholders()
        .any(|name| name == honeypot)
        .then(|| format!("{honeypot} is the hidden field, which people leave empty: name another field"))
}

fn honeypot(name: &str) -> Option<String> {
    let fine = !name.trim().is_empty()
        && name.trim() == name
        && name.len() <= LONGEST_HONEYPOT
        && !name.starts_with('_')
        && !name.contains(char::is_control);
    (!fine).then(|| {
        format!("{name:?} is no name for the hidden field: use at most {LONGEST_HONEYPOT} characters such as `website`, without `_` at the start")
    })
}

fn secret(secret: &Secret) -> Option<String> {
    let text = secret.reveal();
    let fine = (SHORTEST_SECRET..=LONGEST_SECRET).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_graphic());
    (!fine).then(|| {
        format!("use {SHORTEST_SECRET} to {LONGEST_SECRET} Latin letters, digits and signs, without spaces, so that it fits into a header")
    })
}

fn thank_you_url(url: &str) -> Option<String> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let fine =
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']) && is_plain(rest));
    (!fine)
        .then(|| format!("{url:?} is no web address: start it with https:// and a host, and write it the way browsers send it (xn--…, %D0…)"))
}

/// `https://shop.example` or `http://localhost:3000`, as browsers send it in `Origin` (RFC 6454, 6.2).
fn origin(text: &str) -> Option<String> {
    if text == "*" {
        return Some("leave the list empty to allow every origin".to_owned());
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let fine = rest.is_some_and(|host| {
        !host.is_empty()
            && is_plain(host)
            && !host.contains(['/', '?', '#', '@', '*'])
            && !host.bytes().any(|byte| byte.is_ascii_uppercase())
    });
    (!fine).then(|| {
        format!("{text:?} is no origin: write scheme, host and port in small letters, such as https://shop.example")
    })
}

/// Nothing that would have to be escaped, and nothing that could end a header line.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\'))
}

#[cfg(test)]
mod tests {
    use crate::channel_file::{check, parse};

    /// A deal channel with these keys and rows besides.
    fn told(json: &str) -> Vec<String> {
        let problems = parse(&format!("{{\"entity\":\"deal\",{json}}}"))
            .err()
            .unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    fn row(of: &str, field: &str, value: &str) -> String {
        format!("{{\"of\":\"{of}\",\"field\":\"{field}\",\"value\":\"{value}\"}}")
    }

    #[test]
    fn what_is_wrong_is_refused_with_its_path() {
        let rows = |rows: &[String]| format!("\"fields\":[{}]", rows.join(","));
        let cases = [
            ("\"slug\":\"a b\"".to_owned(), "slug: use at most 100"),
            ("\"slug\":\"заказы\"".to_owned(), "slug: use at most 100"),
            (
                format!("\"slug\":\"{}\"", "a".repeat(101)),
                "slug: use at most 100",
            ),
            ("\"responsible_id\":0".to_owned(), "responsible_id: 0 is no user"),
            (
                "\"thank_you_url\":\"javascript:alert(1)\"".to_owned(),
                "thank_you_url: \"javascript",
            ),
            ("\"thank_you_url\":\"https://\"".to_owned(), "thank_you_url: "),
            (
                "\"thank_you_url\":\"https://a/b\\r\\nSet-Cookie: x\"".to_owned(),
                "thank_you_url: ",
            ),
            (
                "\"allowed_origins\":[\"https://a\",\"*\"]".to_owned(),
                "allowed_origins[1]: leave the list empty",
            ),
            (
                "\"allowed_origins\":[\"https://a/\"]".to_owned(),
                "allowed_origins[0]: \"https://a/\" is no origin",
            ),
            (
                "\"allowed_origins\":[\"shop.example\"]".to_owned(),
                "allowed_origins[0]: ",
            ),
            ("\"honeypot\":\"\"".to_owned(), "honeypot: \"\" is no name"),
            ("\"honeypot\":\"_ip\"".to_owned(), "honeypot: \"_ip\" is no name"),
            (
                format!("\"honeypot\":\"web\",{}", rows(&[row("deal", "TITLE", "x{web}")])),
                "fields[0].value: web is the hidden field",
            ),
            ("\"secret\":\"short\"".to_owned(), "secret: use 12 to 200"),
            (
                "\"secret\":\"with some spaces\"".to_owned(),
                "secret: use 12 to 200",
            ),
            (
                "\"secret\":\"пароль-на-кириллице\"".to_owned(),
                "secret: use 12 to 200",
            ),
            ("\"max_per_minute\":0".to_owned(), "max_per_minute: 0 would let"),
            (
                rows(&[row("lead", "TITLE", "x")]),
                "fields[0].of: this channel writes a deal: use `contact` or `deal`",
            ),
            (rows(&[row("deal", "", "x")]), "fields[0].field: \"\" is no field"),
            (
                rows(&[row("deal", "Title", "x")]),
                "fields[0].field: \"Title\" is no field",
            ),
            (
                rows(&[row("deal", "ORIGIN_ID", "x")]),
                "fields[0].field: the bridge marks",
            ),
            (
                rows(&[row("contact", "ORIGINATOR_ID", "x")]),
                "fields[0].field: the bridge marks",
            ),
            (
                rows(&[row("contact", "ID", "x")]),
                "fields[0].field: the portal numbers",
            ),
            (
                rows(&[row("deal", "STAGE_ID", "x")]),
                "fields[0].field: the stage comes from",
            ),
            (
                rows(&[row("deal", "CATEGORY_ID", "x")]),
                "fields[0].field: the pipeline comes from",
            ),
            (
                rows(&[row("deal", "CONTACT_IDS", "x")]),
                "fields[0].field: contacts are bound",
            ),
            (
                rows(&[row("deal", "TITLE", "№{id")]),
                "fields[0].value: the `{` at character 2 is not closed",
            ),
            (
                rows(&[
                    row("deal", "TITLE", "a"),
                    row("contact", "NAME", "b"),
                    row("deal", "TITLE", "c"),
                ]),
                "fields[2].field: TITLE is already filled by fields[0]",
            ),
        ];
        for (json, expected) in cases {
            let problems = told(&json);
            assert!(
                problems.len() == 1 && problems[0].starts_with(expected),
                "{json}: {problems:?}"
            );
        }
        let lead = parse(r#"{"entity":"lead","category_id":2}"#).unwrap_err();
        assert_eq!(lead[0].path, "category_id");
    }

    #[test]
    fn what_is_odd_but_right_passes() {
        let rows = [
            row("contact", "PHONE", "{a}"),
            row("contact", "PHONE", "{b}"),
            row("deal", "TITLE", "{{}}"),
            row("contact", "TITLE", "x"),
            row("deal", "UF_CRM_1700000000", ""),
            row("deal", "SOURCE_ID", "WEB"),
            row("contact", "CATEGORY_ID", "1"),
        ];
        let json = format!(
            "\"slug\":\"A-z_0\",\"category_id\":3,\"thank_you_url\":\"http://10.0.0.5:8080/ok?x=%20\",\"fields\":[{}]",
            rows.join(",")
        );
        assert_eq!(told(&json), Vec::<String>::new());
        let channel = parse(&format!("{{\"entity\":\"deal\",{json}}}")).unwrap();
        assert_eq!(check(&channel), Ok(()));
    }
}
