//! The planner against the practice portal's world, without network, disk and threads: thousands of deliveries in which
//! everything goes wrong at any moment, and all must end as if nothing had.

mod case;
mod ledger;
mod machine;
mod row;

use proptest::prelude::*;

use case::{Case, case};
use ledger::Ledger;
use machine::Machine;

fn check(case: &Case) -> Result<(), TestCaseError> {
    let before = Ledger::of(&case.world());
    let mut smooth = Machine::new(case, false);
    smooth.run();
    let mut rough = Machine::new(case, true);
    rough.run();

    for (row, undisturbed) in rough.rows.iter().zip(&smooth.rows) {
        row.check(&rough.world)?;
        undisturbed.check(&smooth.world)?;
    }
    let (after, expected) = (Ledger::of(&rough.world), Ledger::of(&smooth.world));
    let differences = after.differences(&expected);
    prop_assert!(
        differences.is_empty(),
        "another result than without trouble: {differences:#?}"
    );
    prop_assert_eq!(rough.outcomes(), smooth.outcomes());
    for ledger in [&after, &expected] {
        ledger.blanks_nothing_of(&before)?;
        ledger.leaves_strangers_as_in(&before)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    /// It always ends; at most one entity, contact, comment and activity for each submission; no record is touched that
    /// does not match; nothing is blanked; and all is as in a run without trouble.
    #[test]
    fn whatever_goes_wrong_it_ends_as_if_nothing_had(case in case()) {
        check(&case)?;
    }
}
