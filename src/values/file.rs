//! File fields: the attachment that the template's placeholder names, as name and base64.
// b24: api-reference/files/how-to-upload-files.md

use data_encoding::BASE64;

use super::{BadValue, Context, Input};
use crate::model::{Arg, Attachment, Field};

pub(super) fn convert(field: &Field, input: &Input, ctx: &Context) -> Result<Arg, BadValue> {
    let bad = |expected: &str| BadValue::new(field, &input.joined(), expected);
    let files: Vec<&Attachment> = match input.path {
        Some(path) => ctx.attachments.iter().filter(|file| is_at(file, path)).collect(),
        None => Vec::new(),
    };
    match files.as_slice() {
        [] => Err(bad(
            "it takes a file sent with the form (multipart/form-data), named by a row that is this one placeholder and nothing else",
        )),
        files if field.multiple => Ok(Arg::List(files.iter().map(|file| uploaded(file)).collect())),
        [file] => Ok(uploaded(file)),
        _ => Err(bad(
            "it takes one file and several came; make the field multiple in the portal or send one file",
        )),
    }
}

/// The file of that form field, or one of its files (`docs` holds `docs.0`, `docs.1`).
fn is_at(file: &Attachment, path: &str) -> bool {
    file.path
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn uploaded(file: &Attachment) -> Arg {
    let pair = vec![Arg::text(&file.file_name), Arg::text(BASE64.encode(&file.bytes))];
    Arg::Map(vec![("fileData".to_owned(), Arg::List(pair))])
}
