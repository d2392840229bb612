//! Einstein summation: letters name dimensions, products run over all, sums over those that go.

use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use tensor_core::check;

/// Letters from here on stand for the dimensions of an ellipsis.
const DOTS: u32 = 0xE000;

/// One operand, and the letter of each of its dimensions.
type Term = (Vec<char>, Tensor);

/// Einstein summation of any number of operands, from left to right: `einsum("bij,bjk->bik", &[&a, &b])`.
///
/// Each letter is a dimension; letters missing on the right are summed. Without `->` the result has
/// the letters that occur once, in alphabetical order. A letter twice in one operand takes its
/// diagonal. `...` stands for any dimensions, which broadcast; without `->` they come first.
///
/// # Panics
/// When letters and dimensions do not fit.
#[track_caller]
pub fn einsum(equation: &str, operands: &[impl Borrow<Tensor>]) -> Tensor {
    summed_products(equation, &refs(operands))
}

/// What [`einsum`] does.
#[track_caller]
fn summed_products(equation: &str, operands: &[&Tensor]) -> Tensor {
    let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (text.as_str(), None),
    };
    let names: Vec<&str> = left.split(',').collect();
    if names.len() != operands.len() || operands.is_empty() {
        check::fail(
            "einsum",
            format_args!("\"{equation}\" names {} operands, {} were given", names.len(), operands.len()),
            "name each operand's dimensions, separated by commas",
        );
    }
    let mut wide: Vec<usize> = Vec::new();
    for (name, x) in names.iter().zip(operands) {
        wide.push(dotted(equation, name, x.rank()));
    }
    let most = wide.iter().copied().max().unwrap_or(0);
    let mut terms: Vec<Term> = Vec::new();
    for ((name, &x), &dots) in names.iter().zip(operands).zip(&wide) {
        terms.push(diagonals(spelled(name, most, dots), x));
    }
    let all: Vec<char> = names.iter().zip(&wide).flat_map(|(n, &dots)| spelled(n, most, dots)).collect();
    let output = match right {
        Some(right) => spelled(right, most, most),
        None => {
            let mut once: Vec<char> =
                all.iter().copied().filter(|c| all.iter().filter(|d| *d == c).count() == 1).collect();
            once.retain(|&c| (c as u32) < DOTS);
            once.sort_unstable();
            spelled("...", most, most).into_iter().chain(once).collect()
        }
    };
    if let Some(odd) = output.iter().find(|c| !all.contains(c)) {
        check::fail("einsum", format_args!("'{odd}' stands on the right of \"{equation}\" only"), "");
    }
    if let Some(twice) = (1..output.len()).find(|&i| output[..i].contains(&output[i])) {
        let letter = output[twice];
        check::fail("einsum", format_args!("'{letter}' stands twice on the right of \"{equation}\""), "");
    }
    same_sizes(equation, &mut terms);
    let mut rest = terms.into_iter();
    let first = rest.next().expect("at least one operand");
    let later: Vec<Term> = rest.collect();
    let mut done = first;
    for (i, term) in later.iter().enumerate() {
        // Kept are the letters of the result and of operands still to come.
        let kept = |c: char| output.contains(&c) || later[i + 1..].iter().any(|(t, _)| t.contains(&c));
        done = product(&done, term, kept);
    }
    let (letters, x) = summed(&done, |c| output.contains(&c));
    let order: Vec<isize> = output
        .iter()
        .map(|c| letters.iter().position(|l| l == c).expect("every kept letter is there") as isize)
        .collect();
    x.permute(&order)
}

/// How many dimensions the ellipsis of a term stands for.
#[track_caller]
fn dotted(equation: &str, name: &str, rank: usize) -> usize {
    let letters = name.replacen("...", "", 1);
    let count = letters.chars().count();
    let has_dots = letters.len() < name.len();
    let odd = letters.chars().any(|c| !c.is_ascii_alphabetic());
    if odd || count > rank || (!has_dots && count != rank) {
        check::fail(
            "einsum",
            format_args!(
                "\"{name}\" of \"{equation}\" does not name the dimensions of a tensor of rank {rank}"
            ),
            "one letter per dimension, and ... for those without a name",
        );
    }
    rank - count
}

/// A term's letters, its ellipsis spelled out as the last `dots` of `most` private letters.
fn spelled(name: &str, most: usize, dots: usize) -> Vec<char> {
    let private = |i: usize| char::from_u32(DOTS + i as u32).expect("a private-use character");
    let (before, after) = name.split_once("...").unwrap_or((name, ""));
    let middle = if name.contains("...") { dots } else { 0 };
    before.chars().chain((most - middle..most).map(private)).chain(after.chars()).collect()
}

/// A term whose letters differ: repeated ones take the diagonal.
#[track_caller]
fn diagonals(mut letters: Vec<char>, x: &Tensor) -> Term {
    let mut x = x.clone();
    while let Some((i, j)) = (0..letters.len())
        .find_map(|i| (i + 1..letters.len()).find(|&j| letters[i] == letters[j]).map(|j| (i, j)))
    {
        if x.shape()[i] != x.shape()[j] {
            let (a, b) = (x.shape()[i], x.shape()[j]);
            check::fail("einsum", format_args!("'{}' is {a} and {b} in one operand", letters[i]), "");
        }
        x = x.diagonal(0, i as isize, j as isize);
        let letter = letters.remove(j);
        letters.remove(i);
        letters.push(letter);
    }
    (letters, x)
}

/// Repeats dimensions of size 1 to the size that the letter has elsewhere.
#[track_caller]
fn same_sizes(equation: &str, terms: &mut [Term]) {
    let mut sizes: Vec<(char, usize)> = Vec::new();
    for (letters, x) in terms.iter() {
        for (&c, &here) in letters.iter().zip(x.shape().iter()) {
            match sizes.iter_mut().find(|(d, _)| *d == c) {
                Some((_, size)) if *size == 1 => *size = here,
                Some((_, size)) if here != 1 && *size != here => {
                    check::fail("einsum", format_args!("'{c}' is {size} and {here} in \"{equation}\""), "");
                }
                Some(_) => {}
                None => sizes.push((c, here)),
            }
        }
    }
    for (letters, x) in terms {
        let size = |c: &char| sizes.iter().find(|(d, _)| d == c).expect("gathered above").1;
        *x = x.expand_to(&letters.iter().map(size).collect::<Vec<_>>().into());
    }
}

/// A term summed over the letters that are not kept.
fn summed((letters, x): &Term, kept: impl Fn(char) -> bool) -> Term {
    let gone: Vec<isize> = (0..letters.len()).filter(|&i| !kept(letters[i])).map(|i| i as isize).collect();
    let left = letters.iter().copied().filter(|&c| kept(c)).collect();
    (left, if gone.is_empty() { x.clone() } else { x.sum_dim(gone, false) })
}

/// The product of two terms, summed over the letters that are not kept: one batched matrix product.
fn product(a: &Term, b: &Term, kept: impl Fn(char) -> bool) -> Term {
    let a = summed(a, |c| kept(c) || b.0.contains(&c));
    let b = summed(b, |c| kept(c) || a.0.contains(&c));
    let pick =
        |t: &Term, f: &dyn Fn(char) -> bool| -> Vec<char> { t.0.iter().copied().filter(|&c| f(c)).collect() };
    let batch = pick(&a, &|c| b.0.contains(&c) && kept(c));
    let inner = pick(&a, &|c| b.0.contains(&c) && !kept(c));
    let rows = pick(&a, &|c| !b.0.contains(&c));
    let cols = pick(&b, &|c| !a.0.contains(&c));
    let size = |t: &Term, c: &char| t.1.shape()[t.0.iter().position(|d| d == c).expect("its own letter")];
    let arrange = |t: &Term, groups: [&Vec<char>; 3]| {
        let place = |c: &char| t.0.iter().position(|d| d == c).expect("its own letter") as isize;
        let order: Vec<isize> = groups.iter().flat_map(|g| g.iter().map(place)).collect();
        let sizes: Vec<usize> = groups.iter().map(|g| g.iter().map(|c| size(t, c)).product()).collect();
        t.1.permute(&order).reshape(sizes)
    };
    let c = arrange(&a, [&batch, &rows, &inner]).matmul(&arrange(&b, [&batch, &inner, &cols]));
    let mut sizes: Vec<usize> = batch.iter().chain(&rows).map(|c| size(&a, c)).collect();
    sizes.extend(cols.iter().map(|c| size(&b, c)));
    ([batch, rows, cols].concat(), c.reshape(sizes))
}
