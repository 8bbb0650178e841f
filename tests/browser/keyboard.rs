//! A person without a mouse.

use crate::person::Person;

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
/// More controls than a page has.
const MOST: usize = 500;

/// Where the focus is.
#[derive(Debug)]
struct Focus {
    /// As `input Name`.
    name: String,
    is_marked: bool,
    is_in_sight: bool,
}

impl Person {
    fn focus(&self) -> Option<Focus> {
        let focus = self.tool_raw("focused", &[]).expect("the focus");
        Some(Focus {
            name: focus["name"].as_str()?.to_owned(),
            is_marked: focus["isMarked"] == true,
            is_in_sight: focus["isInSight"] == true,
        })
    }

    /// Presses Tab until the control is reached: `input Name`.
    #[track_caller]
    pub fn tab_to(&self, control: &str) {
        let mut passed = Vec::new();
        for _ in 0..MOST {
            self.browser.press(TAB);
            match self.focus() {
                Some(focus) if focus.name == control => return,
                Some(focus) => passed.push(focus.name),
                // Round the page and out of it.
                None => break,
            }
        }
        panic!("Tab does not lead to {control}, only to {passed:?}");
    }

    pub fn types(&self, text: &str) {
        self.browser.press(text);
    }

    pub fn press_enter(&self) {
        self.browser.press(ENTER);
    }

    /// From the top of the page Tab leads to every control, in the order of the page; each shows that it has the
    /// focus, and is in the window with nothing over it.
    #[track_caller]
    pub fn keyboard_reaches_everything(&self) {
        self.tool_raw("leaveFocus", &[]).expect("no focus");
        let expected = self.tool_raw("reachable", &[]).expect("the controls");
        let expected = expected.as_array().expect("a list").iter();
        let mut expected: Vec<String> = expected.filter_map(|c| c.as_str().map(str::to_owned)).collect();
        expected.dedup();
        let mut reached: Vec<String> = Vec::new();
        for _ in 0..MOST {
            self.browser.press(TAB);
            let Some(focus) = self.focus() else { break };
            // Tab goes from the day to the month of a date, which mark themselves.
            if reached.last() == Some(&focus.name) {
                continue;
            }
            assert!(
                focus.is_marked,
                "one does not see that {} has the focus",
                focus.name
            );
            assert!(focus.is_in_sight, "{} has the focus out of sight", focus.name);
            reached.push(focus.name);
        }
        assert_eq!(reached, expected, "Tab leads elsewhere");
    }
}
