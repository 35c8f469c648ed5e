//! Where a request comes from: the other end of its connection, or what a trusted proxy says of it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};

/// The bits of an IPv6 address that one subscriber has as a whole.
const IPV6_SUBSCRIBER_BITS: u32 = 64;

/// An address as limits know it: of IPv4 the whole, of IPv6 the first 64 bits, of which one subscriber has all the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = u128::from(address) >> (128 - IPV6_SUBSCRIBER_BITS) << (128 - IPV6_SUBSCRIBER_BITS);
                Source(IpAddr::V6(Ipv6Addr::from(network)))
            }
            address @ IpAddr::V4(_) => Source(address),
        }
    }
}

/// The header in which a trusted proxy says whom it speaks for. Only what the last proxy added is believed: its last value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For: ADDRESS, ADDRESS`
    XForwardedFor,
    /// `Forwarded: for=ADDRESS, for=ADDRESS` (RFC 7239)
    Forwarded,
}

impl ProxyHeader {
    /// Returns whom a request comes from, if the header says so.
    pub fn source(self, headers: &HeaderMap) -> Option<Source> {
        let last = |name: &HeaderName| {
            let lines = headers.get_all(name);
            lines.iter().next_back()?.to_str().ok()?.rsplit(',').next().map(str::trim)
        };
        let address = match self {
            ProxyHeader::XForwardedFor => last(&HeaderName::from_static("x-forwarded-for"))?,
            ProxyHeader::Forwarded => {
                let pairs = last(&header::FORWARDED)?.split(';').filter_map(|pair| pair.split_once('='));
                let (_, value) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
                value.trim().trim_matches('"')
            }
        };
        read_address(address).map(Source::from)
    }
}

/// Reads an address with or without a port, an IPv6 one with or without brackets.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn source(text: &str) -> Source {
        Source::from(text.parse::<IpAddr>().unwrap())
    }

    fn said(header: ProxyHeader, lines: &[(&'static str, &'static str)]) -> Option<Source> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        header.source(&headers)
    }

    #[test]
    fn one_subscriber_is_one_source() {
        assert_eq!(source("2001:db8:0:1::1"), source("2001:db8:0:1:ffff::2"));
        assert_ne!(source("2001:db8:0:1::1"), source("2001:db8:0:2::1"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
    }

    #[test]
    fn the_last_value_of_the_chosen_header_counts_and_nothing_else() {
        use ProxyHeader::{Forwarded, XForwardedFor};
        let lines = [
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "203.0.113.9, 192.0.2.1"),
            ("forwarded", "for=203.0.113.9, For=\"[2001:db8::1]:4711\";proto=https"),
        ];
        assert_eq!(said(XForwardedFor, &lines), Some(source("192.0.2.1")));
        assert_eq!(said(Forwarded, &lines), Some(source("2001:db8::1")));
        assert_eq!(said(XForwardedFor, &[("x-forwarded-for", "192.0.2.1:8440")]), Some(source("192.0.2.1")));
        assert_eq!(said(XForwardedFor, &[("x-forwarded-for", "2001:db8::1")]), Some(source("2001:db8::1")));
    }

    #[test]
    fn what_is_no_address_says_nothing() {
        use ProxyHeader::{Forwarded, XForwardedFor};
        for value in ["", "unknown", "_hidden", "192.0.2.1,", "192.0.2", "[2001:db8::1", "192.0.2.1:port"] {
            let headers = HeaderMap::from_iter([(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_str(value).unwrap(),
            )]);
            assert_eq!(XForwardedFor.source(&headers), None, "{value}");
        }
        for value in ["for", "by=192.0.2.1", "for=_hidden", "for="] {
            assert_eq!(said(Forwarded, &[("forwarded", value)]), None, "{value}");
        }
        assert_eq!(said(XForwardedFor, &[("forwarded", "for=192.0.2.1")]), None);
    }
}
