//! Progress bars, on a terminal only.

use std::cell::RefCell;

use indicatif::{ProgressBar, ProgressStyle};

use super::ui::Ui;
use crate::ops::progress::{Progress, Silent};

const SIZED: &str =
    "{msg:.bold} {bar:24} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} ETA {eta}";
const UNSIZED: &str = "{msg:.bold} {spinner} {binary_bytes} {binary_bytes_per_sec}";

/// A bar for each file while it is read.
struct Bars {
    current: RefCell<Option<ProgressBar>>,
}

/// Returns bars when somebody watches.
pub(super) fn progress(ui: &Ui) -> Box<dyn Progress> {
    if ui.is_terminal() {
        Box::new(Bars {
            current: RefCell::new(None),
        })
    } else {
        Box::new(Silent)
    }
}

/// Returns one bar for many files of `size` bytes together, when somebody watches.
pub(super) fn total(ui: &Ui, name: &str, size: u64) -> ProgressBar {
    if !ui.is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    bar.set_style(ProgressStyle::with_template(SIZED).expect("the template is valid"));
    bar.set_message(name.to_owned());
    bar
}

impl Progress for Bars {
    fn begin(&self, name: &str, size: Option<u64>) {
        let template = if size.is_some() { SIZED } else { UNSIZED };
        let bar = size.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        bar.set_style(ProgressStyle::with_template(template).expect("the template is valid"));
        bar.set_message(name.to_owned());
        self.current.replace(Some(bar));
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = &*self.current.borrow() {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.current.take() {
            bar.finish_and_clear();
        }
    }
}
