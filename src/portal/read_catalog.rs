//! Reading what the portal is made of.

use super::Portal;
use crate::model::{Answer, Call, Catalog, Millis};
use crate::wire::catalog::{self, CatalogError};
use crate::wire::encode;

/// Rounds at most. Two are usual: one for everything, one for the people beyond the fiftieth.
const MAX_ROUNDS: usize = 100;

impl Portal {
    /// Fields, stages, pipelines, people, currencies and methods, in as few requests as the portal's
    /// lists allow: usually one, and one more for every 2500 people.
    pub fn read_catalog(&self, now: Millis) -> Result<Catalog, CatalogError> {
        let mut all: Vec<(Call, Answer)> = Vec::new();
        let mut next = catalog::first();
        for _ in 0..MAX_ROUNDS {
            if next.is_empty() {
                break;
            }
            next.truncate(encode::MAX_COMMANDS);
            let commands: Vec<(String, &Call)> = next.iter().map(|call| (String::new(), call)).collect();
            let answers = self.batch(&commands, false);
            all.extend(next.into_iter().zip(answers));
            next = catalog::more(&all);
        }
        catalog::read(&all, now)
    }
}
