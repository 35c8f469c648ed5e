//! A creator as they are typed: `NAME[:ROLE[:SHARE%[:ACCOUNT]]]`.

use colophon_ledger::account::AccountId;
use colophon_ledger::entry::mint::{Creator, Creators};
use colophon_ledger::field::{Int, Role};

use super::vocabulary::role;
use crate::codes::account::account;
use crate::failure::Failure;

const FORM: &str = "write NAME, NAME:ROLE, NAME:ROLE:SHARE% or NAME:ROLE:SHARE%:ACCOUNT, as in \"Lin Ana:art:60%\"";
/// All shares of a work, in basis points.
const WHOLE_BP: u64 = 10_000;

/// A creator, as far as they were described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CreatorArg {
    /// Their name.
    pub(super) name: String,
    role: Option<Role>,
    share_bp: Option<u64>,
    /// Their account, if they are named by it.
    pub(super) account: Option<AccountId>,
}

/// Reads a creator.
pub(super) fn creator(text: &str) -> Result<CreatorArg, Failure> {
    let mut parts = text.splitn(4, ':').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::usage(format!("{text:?} names no creator"), FORM))?.to_owned();
    let mut part = || parts.next().filter(|part| !part.is_empty());
    Ok(CreatorArg {
        name,
        role: part().map(role).transpose()?,
        share_bp: part().map(share_bp).transpose()?,
        account: part().map(account).transpose()?,
    })
}

/// Reads a share such as `60%` or `33.34%` as basis points.
fn share_bp(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::usage(format!("{text:?} is no share"), "write it as 60% or 33.34%");
    let number = text.strip_suffix('%').ok_or_else(wrong)?.trim();
    let (whole, hundredths) = number.split_once('.').unwrap_or((number, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || hundredths.len() > 2 || !plain(whole) || !plain(hundredths) {
        return Err(wrong());
    }
    let bp = format!("{whole}{hundredths:0<2}").parse().map_err(|_| wrong())?;
    if bp > WHOLE_BP { Err(wrong()) } else { Ok(bp) }
}

/// Returns the creators as they stand in a mint. Who has no role gets `role`; who has no share gets an equal part of what the
/// others leave, the first of them what cannot be divided.
pub(super) fn creators(args: &[CreatorArg], role: &Role) -> Result<Creators, Failure> {
    let shares = shares(&args.iter().map(|arg| arg.share_bp).collect::<Vec<_>>())?;
    let one = |(arg, share_bp): (&CreatorArg, u64)| {
        let role = arg.role.clone().unwrap_or_else(|| role.clone());
        Some(Creator { account: arg.account, role, share_bp: Int::new(share_bp)? })
    };
    let creators: Option<Vec<Creator>> = args.iter().zip(shares).map(one).collect();
    creators.and_then(Creators::new).ok_or_else(|| Failure::usage("there are too many creators", "name at most 16"))
}

fn shares(given: &[Option<u64>]) -> Result<Vec<u64>, Failure> {
    let sum: u64 = given.iter().flatten().sum();
    let open = given.iter().filter(|share| share.is_none()).count() as u64;
    let rest = WHOLE_BP.checked_sub(sum).filter(|rest| *rest == 0 || open > 0);
    let rest = rest.ok_or_else(|| {
        let what = format!("the shares are {}.{:02} % together", sum / 100, sum % 100);
        Failure::usage(what, "make them 100 %, or leave one out to get the rest")
    })?;
    let part = rest.checked_div(open).unwrap_or_default();
    let mut spare = rest.checked_rem(open).unwrap_or_default();
    let share = |given: &Option<u64>| given.unwrap_or_else(|| part + std::mem::take(&mut spare));
    Ok(given.iter().map(share).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creator_is_read_part_by_part() {
        let id = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
        let whole = creator(&format!("Lin Ana:aut:33.3%:did:key:{id}")).unwrap();
        assert_eq!(
            (whole.name.as_str(), whole.share_bp, whole.account),
            ("Lin Ana", Some(3330), Some(id.parse().unwrap()))
        );
        assert_eq!(creator("Eva::50%").unwrap().share_bp, Some(5000));
        assert_eq!(creator("Eva").unwrap().role, None);
        for wrong in ["", ":art", "Eva:painter of fish", "Eva:art:60", "Eva:art:101%", "Eva:art:1.234%", "Eva:art:1%:x"]
        {
            assert!(creator(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_whole() {
        assert_eq!(shares(&[None]).unwrap(), [10_000]);
        assert_eq!(shares(&[None, None, None]).unwrap(), [3334, 3333, 3333]);
        assert_eq!(shares(&[Some(6000), None]).unwrap(), [6000, 4000]);
        assert_eq!(shares(&[Some(10_000), None]).unwrap(), [10_000, 0]);
        assert_eq!(shares(&[Some(6000), Some(3000)]).unwrap_err().what(), "the shares are 90.00 % together");
        assert!(shares(&[Some(6000), Some(6000)]).is_err());
    }

    #[test]
    fn there_are_at_most_16() {
        let art: Role = "art".parse().unwrap();
        assert_eq!(creators(&vec![creator("A").unwrap(); 16], &art).unwrap().as_slice().len(), 16);
        assert!(creators(&vec![creator("A").unwrap(); 17], &art).is_err());
    }
}
