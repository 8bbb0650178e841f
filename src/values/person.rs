//! What submissions of one person have in common, whatever notation they came in.

use super::{Input, fold, multifield};

pub(super) fn keys(field_name: &str, input: &Input, country: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for text in input.texts() {
        for part in multifield::parts(field_name, text, country) {
            fold::push_new(&mut keys, multifield::owner_key(field_name, &part, country));
        }
    }
    keys
}
