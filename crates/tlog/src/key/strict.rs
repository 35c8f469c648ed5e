//! The strict rule for an Ed25519 signature, for one or for each of many.
//!
//! A signature is 32 bytes R and 32 bytes s. By the key A it is good over a message M if s is below the order of the group and
//! sB - kA, where k is SHA-512(R ‖ A ‖ M), is the point whose canonical bytes are R, and neither that point nor A is of small
//! order (RFC 8032, section 5.1.7, without the cofactor): what `verify_strict` of ed25519-dalek says too.
//!
//! That function reads R as a point first. Here the bytes of a point that was computed anyway are compared with R, so that R is
//! never read; and of many signatures the one division that a point's bytes take is shared. Nothing else is: no signature
//! has a part in what is said of another, unlike in batch verification, which accepts what this does not.

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha512};

use super::PublicKey;

/// A signature to be checked.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The key that is said to have made it.
    pub key: PublicKey,
    /// What was signed.
    pub message: &'a [u8],
    /// The signature, of 64 bytes if it is one.
    pub signature: &'a [u8],
}

impl Claim<'_> {
    /// Returns R.
    fn r(&self) -> Option<&[u8; 32]> {
        self.signature.first_chunk()
    }

    /// Returns the point that R must be; nothing if there is none.
    fn point(&self) -> Option<EdwardsPoint> {
        let (r, s) = self.signature.split_first_chunk::<32>()?;
        let s = Option::from(Scalar::from_canonical_bytes(s.try_into().ok()?))?;
        let key: &VerifyingKey = &self.key.0;
        let k = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(self.message);
        let minus_a = -key.to_edwards();
        Some(EdwardsPoint::vartime_double_scalar_mul_basepoint(&Scalar::from_hash(k), &minus_a, &s))
    }
}

/// Returns of each signature whether it is good.
pub fn verify_each(claims: &[Claim<'_>]) -> Vec<bool> {
    // In place of a point that there is not stands one of small order, which no signature is good by.
    let points: Vec<EdwardsPoint> =
        claims.iter().map(|claim| claim.point().unwrap_or_else(EdwardsPoint::identity)).collect();
    let encoded = EdwardsPoint::compress_batch_alloc(&points);
    let good = |((claim, point), encoded): ((&Claim<'_>, &EdwardsPoint), [u8; 32])| {
        claim.r() == Some(&encoded) && !point.is_small_order()
    };
    claims.iter().zip(&points).zip(encoded.iter().map(CompressedEdwardsY::to_bytes)).map(good).collect()
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::EIGHT_TORSION;
    use proptest::prelude::*;

    use super::*;
    use crate::key::SecretKey;

    /// What the library says of each, one at a time.
    fn by_the_library(claims: &[Claim<'_>]) -> Vec<bool> {
        let verify = |claim: &Claim<'_>| {
            ed25519_dalek::Signature::from_slice(claim.signature)
                .is_ok_and(|signature| claim.key.0.verify_strict(claim.message, &signature).is_ok())
        };
        claims.iter().map(verify).collect()
    }

    proptest! {
        #[test]
        fn each_is_judged_as_if_it_were_alone(
            made in proptest::collection::vec((any::<[u8; 4]>(), any::<Vec<u8>>(), 0..8_u8, any::<u16>()), 0..40)
        ) {
            let signed: Vec<_> = made
                .iter()
                .map(|([seed, ..], message, fault, place)| {
                    let secret = SecretKey::from_seed([*seed; 32]);
                    let mut signature = secret.sign(message).to_vec();
                    match fault {
                        0 => signature[usize::from(*place) % 64] ^= 1 << (place >> 13),
                        1 => signature.truncate(usize::from(*place) % 65),
                        2 => signature.push(0),
                        3 => signature[..32].copy_from_slice(EIGHT_TORSION[usize::from(place % 8)].compress().as_bytes()),
                        _ => {}
                    }
                    (secret.public(), message, signature)
                })
                .collect();
            let claims: Vec<_> =
                signed.iter().map(|(key, message, signature)| Claim { key: *key, message, signature }).collect();
            let verdicts = verify_each(&claims);
            prop_assert_eq!(&verdicts, &by_the_library(&claims));
            let alone: Vec<bool> = claims.iter().flat_map(|claim| verify_each(&[*claim])).collect();
            prop_assert_eq!(verdicts, alone);
        }
    }

    /// With a key of mixed order, s and R of small order can be chosen so that the equation holds: only the check of the order
    /// refuses them.
    #[test]
    fn a_point_of_small_order_is_no_signature_though_the_equation_holds() {
        let (secret, mut holds) = (Scalar::from(7_u64), 0);
        for (torsion, message) in
            EIGHT_TORSION.into_iter().flat_map(|torsion| [0, 1, 2, 3].map(|byte| (torsion, [byte])))
        {
            let key = VerifyingKey::from(EdwardsPoint::mul_base(&secret) + torsion);
            for r in EIGHT_TORSION.map(|r| r.compress().to_bytes()) {
                let k = Sha512::new().chain_update(r).chain_update(key.as_bytes()).chain_update(message);
                let signature = [r, (Scalar::from_hash(k) * secret).to_bytes()].concat();
                let claim = Claim { key: PublicKey(key), message: &message, signature: &signature };
                holds += usize::from(claim.point().is_some_and(|point| point.compress().to_bytes() == r));
                assert_eq!((verify_each(&[claim]), by_the_library(&[claim])), (vec![false], vec![false]));
            }
        }
        assert!(holds > 8, "the equation holds {holds} times");
    }

    #[test]
    fn none_is_good_of_none() {
        assert_eq!(verify_each(&[]), [false; 0]);
    }
}
