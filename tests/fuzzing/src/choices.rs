//! Lists of made-up values that go on for as long as there are bytes to make them of.

use arbitrary::{Arbitrary, Unstructured};

/// Makes values of all bytes that are left, at most `most` of them. (A `Vec` made up by itself would end by a coin's toss.)
pub fn rest<'a, T: Arbitrary<'a>>(bytes: &mut Unstructured<'a>, most: usize) -> Vec<T> {
    let mut values = Vec::new();
    while !bytes.is_empty() && values.len() < most {
        let Ok(value) = T::arbitrary(bytes) else { break };
        values.push(value);
    }
    values
}
