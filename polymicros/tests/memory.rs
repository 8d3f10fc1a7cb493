//! What the network keeps for its backward pass, as the allocator sees it, against the cost model.

// An allocator that counts is an unsafe trait; it hands everything on to the system's.
#![allow(unsafe_code)]

use dfdx::prelude::{TensorFromVec, Trace};
use polymicros::network::cost::{Passes, Workload};
use polymicros::network::{Cpu, Padding, UNet, UNetConfig};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, Ordering};

struct Counting;

static LIVING: AtomicI64 = AtomicI64::new(0);

// SAFETY: the system's allocator, and a counter beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVING.fetch_add(layout.size() as i64, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVING.fetch_sub(layout.size() as i64, Ordering::Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Passes whose results are held.
const PASSES: usize = 4;

/// The only test of its process: others would be counted too.
#[test]
fn the_tape_keeps_what_the_model_says() {
    // All results are held to the end: the memory of those that are dropped would be used again.
    let mut results = Vec::new();
    for (config, edge, batch) in [
        (UNetConfig::tiny(), 32, 1),
        (UNetConfig::desk(), 16, 2),
        (UNetConfig::desk(), 24, 1),
    ] {
        let device = Cpu::default();
        let network = UNet::initial(config.clone(), 1, &device).unwrap();
        let shape = [batch, edge, edge, edge, 3];
        let pass = || {
            let x = device.tensor_from_vec(vec![0.5; shape.iter().product()], shape);
            let t = device.tensor_from_vec(vec![0.1; batch], (batch,));
            network
                .forward(x.leaky_traced(), t, Padding::Replicate)
                .unwrap()
        };
        // What passes leave to later ones is there after the first few.
        results.extend((0..3).map(|_| pass()));
        let before = LIVING.load(Ordering::Relaxed);
        results.extend((0..PASSES).map(|_| pass()));
        let kept = (LIVING.load(Ordering::Relaxed) - before) as f64 / PASSES as f64;
        let workload = Workload::new(config, edge, batch);
        // The result itself is there as well.
        let result = (4 * shape.iter().product::<usize>()) as f64;
        let expected = workload.memory(Passes::Training).kept + result;
        let off = kept / expected - 1.0;
        assert!(off.abs() < 0.03, "edge {edge}: {kept} and {expected}");
    }
}
