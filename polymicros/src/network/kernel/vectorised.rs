//! Plain loops for vector instructions.

/// Defines functions that are compiled for each instruction set, and run with the best that this
/// machine has.
///
/// What they call is compiled with them where it is marked `#[inline(always)]`, and for the least
/// instructions that any machine has elsewhere. So a function that takes a closure or another
/// function, which cannot be marked, will not do.
macro_rules! vectorised {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>(
        $($argument:ident: $type:ty),* $(,)?
    ) -> $result:ty $body:block) => {
        $(#[$meta])*
        #[allow(clippy::needless_lifetimes)]
        $vis fn $name<$life>($($argument: $type),*) -> $result {
            struct Work<$life> {
                $($argument: $type),*
            }
            impl<$life> pulp::WithSimd for Work<$life> {
                type Output = $result;
                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> $result {
                    let Work { $($argument),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Work { $($argument),* })
        }
    };
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$life:lifetime>(
        $($argument:ident: $type:ty),* $(,)?
    ) $body:block) => {
        $crate::network::vectorised! {
            $(#[$meta])* $vis fn $name<$life>($($argument: $type),*) -> () $body
        }
    };
}

pub(crate) use vectorised;
