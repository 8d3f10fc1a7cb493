//! Ctrl-C as the wish to end long work where it can be taken up again.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

static STOP: AtomicBool = AtomicBool::new(false);

/// From now on Ctrl-C is only noted.
pub(super) fn listen() {
    // A second handler cannot be set; then Ctrl-C ends the process, which long work survives too.
    ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed)).ok();
}

/// Breaks once Ctrl-C was pressed.
pub(super) fn wish() -> ControlFlow<()> {
    match STOP.load(Ordering::Relaxed) {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    }
}
