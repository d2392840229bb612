//! Functions as code knows them that is compiled once a type: by what they take.
//!
//! What `dyn Fn` is for, whose table would hold a function's whole code a second time, as `call_once`.

macro_rules! functions {
    ($($Name:ident($($arg:ident: $Arg:ident),+))+) => {$(
        /// A function of so many arguments, which any thread may call.
        pub trait $Name<$($Arg),+>: Sync {
            /// Calls it.
            fn run(&self, $($arg: $Arg),+);
        }

        impl<$($Arg,)+ F: Fn($($Arg),+) + Sync> $Name<$($Arg),+> for F {
            #[inline]
            fn run(&self, $($arg: $Arg),+) {
                self($($arg),+);
            }
        }
    )+};
}
functions! {
    Call1(a: A)
    Call2(a: A, b: B)
    Call3(a: A, b: B, c: C)
    Call4(a: A, b: B, c: C, d: D)
}
