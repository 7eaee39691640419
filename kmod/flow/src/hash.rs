// SPDX-License-Identifier: BSD-2-Clause
//! The keyed hash that spreads flows over the cache.
//!
//! Pair-multiply-shift, a strongly universal family (M. Thorup, "High Speed
//! Hashing for Integers and Strings", arXiv:1504.06804, section 3.5): with
//! random 64-bit `a` and `b`, the top half of
//!
//! ```text
//! b + sum over i of (a[2i] + x[2i+1]) * (a[2i+1] + x[2i])   mod 2^64
//! ```
//!
//! puts any two different keys on any pair of 32-bit values with equal
//! probability.  So whoever does not know the seed cannot choose keys that
//! meet in one place more often than keys drawn at random, and any subset of
//! the bits is as good as any other.  Nothing that leaves the node depends on
//! the seed.

use crate::address::Address;
use crate::key::Packed;

/// 32-bit halves of words that a key of either family is hashed as.
const HALVES: usize = 12;

/// 64-bit words of randomness in a [`Seed`].
pub const SEED_WORDS: usize = HALVES + 1;

/// The random function of one node.
#[derive(Clone)]
pub struct Seed {
    a: [u64; HALVES],
    b: u64,
}

impl Seed {
    /// A function chosen by `random`, which must come from a source that
    /// traffic cannot predict.
    pub fn new(random: [u64; SEED_WORDS]) -> Self {
        let [a @ .., b] = random;
        Seed { a, b }
    }

    /// Hashes a key to 32 uniformly distributed bits.
    #[inline]
    pub(crate) fn hash<A: Address>(&self, key: &Packed<A>) -> u32 {
        let mut sum = self.b;
        let (seeds, _) = self.a.as_chunks::<2>();
        for ([a0, a1], word) in seeds.iter().zip(key.words()) {
            let left = a0.wrapping_add(word >> 32);
            let right = a1.wrapping_add(word & u64::from(u32::MAX));
            sum = sum.wrapping_add(left.wrapping_mul(right));
        }
        (sum >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::key::Key;
    use core::net::Ipv4Addr;

    fn seed(start: u64) -> Seed {
        // SplitMix64: only tests may be predictable.
        let mut state = start;
        Seed::new(core::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    /// Whether one of 256 buckets has twice as many of 65,536 keys as the mean.
    fn meet(seed: &Seed, key: impl Fn(u32) -> Key<Ipv4Addr>) -> bool {
        let mut buckets = [0u32; 256];
        for n in 0..65_536 {
            buckets[(seed.hash(&Packed::of(&key(n))) >> 24) as usize] += 1;
        }
        buckets.iter().any(|bucket| *bucket >= 2 * 256)
    }

    fn key(src: u32, sport: u16, dport: u16) -> Key<Ipv4Addr> {
        Key {
            src: Ipv4Addr::from(src),
            dst: Ipv4Addr::new(192, 0, 2, 1),
            sport,
            dport,
            proto: 17,
            tos: 0,
            input: 1,
            fib: 0,
        }
    }

    /// Keys that base's hash puts into one bucket (it XORs halves of the
    /// addresses and ports) spread here as random ones do.
    #[test]
    fn keys_chosen_against_base_spread() {
        for start in 0..8 {
            let meet = meet(&seed(start), |n| {
                let port = n as u16;
                key(0x0a00_0000 | (n << 8), port, port.swap_bytes())
            });
            assert!(!meet, "seed {start}");
        }
    }

    /// Keys in even steps have hashes in even steps, which meet with few seeds only:
    /// whoever does not know the seed does not know the steps.
    #[test]
    fn keys_in_even_steps_spread_with_nearly_every_seed() {
        for step in [1, 3, 1 << 8, 1 << 12] {
            let key = |n| key(0x0a00_0000 + n * step, 1, 2);
            let seeds = (0..32).filter(|start| meet(&seed(*start), key));
            let seeds: std::vec::Vec<u64> = seeds.collect();
            std::println!("steps of {step} meet with {} seeds of 32", seeds.len());
            assert!(seeds.len() <= 1, "steps of {step}: seeds {seeds:?}");
        }
    }

    /// The sum at the head of this file, in numbers that it does not wrap.
    #[test]
    fn it_is_the_sum_whose_bounds_are_proved() {
        let seed = seed(5);
        let key = Packed::of(&Key {
            src: Ipv4Addr::new(192, 0, 2, 1),
            dst: Ipv4Addr::new(198, 51, 100, 2),
            sport: 0xfedc,
            dport: 0xba98,
            proto: 6,
            tos: 0xb8,
            input: 0x1234,
            fib: 0x5678,
        });
        let modulus = 1u128 << 64;
        let mut sum = u128::from(seed.b);
        for (a, word) in seed.a.chunks(2).zip(key.words()) {
            let (high, low) = (word / (1 << 32), word % (1 << 32));
            let left = (u128::from(a[0]) + u128::from(high)) % modulus;
            let right = (u128::from(a[1]) + u128::from(low)) % modulus;
            sum = (sum + left * right % modulus) % modulus;
        }
        assert_eq!(u128::from(seed.hash(&key)), sum >> 32);
    }

    #[test]
    fn every_field_of_the_key_counts() {
        let seed = seed(1);
        let key = Key {
            src: Ipv4Addr::new(10, 0, 0, 1),
            dst: Ipv4Addr::new(10, 0, 0, 2),
            sport: 1,
            dport: 2,
            proto: 6,
            tos: 0,
            input: 1,
            fib: 0,
        };
        let others = [
            Key {
                src: key.dst,
                ..key
            },
            Key {
                dst: key.src,
                ..key
            },
            Key { sport: 2, ..key },
            Key { dport: 1, ..key },
            Key { proto: 17, ..key },
            Key { tos: 1, ..key },
            Key { input: 2, ..key },
            Key { fib: 1, ..key },
        ];
        for other in others {
            assert_ne!(
                seed.hash(&Packed::of(&key)),
                seed.hash(&Packed::of(&other)),
                "{other:?}"
            );
        }
    }
}
