//! The conformance suite that every Firebrand backend must pass.
