// SPDX-License-Identifier: BSD-2-Clause
//! One netgraph message: `struct ng_mesg` and the arguments behind it.

use crate::error::{Error, Result};
use sys_bindings::{ng_mesg, ng_msghdr, NGF_RESP, NGM_HASREPLY, NG_VERSION};
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes};

/// A control message, owned.
///
/// Numbers in the header and in most arguments are in host byte order; the
/// header's `arglen` always equals the length of `args`.
///
/// ```
/// use ngctl_rs::Message;
/// use sys_bindings::{ngm_name, NGM_GENERIC_COOKIE, NGM_NAME};
///
/// let mut name = ngm_name { name: [0; 32] };
/// name.name[..3].copy_from_slice(b"foo");
/// let message = Message::new(NGM_GENERIC_COOKIE, NGM_NAME, zerocopy::IntoBytes::as_bytes(&name));
/// let copy = Message::parse(&message.to_bytes())?;
/// assert_eq!(copy.args_as::<ngm_name>()?.name, name.name);
/// # Ok::<(), ngctl_rs::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Message {
    /// Whose message it is, which one, and which request it answers.
    pub header: ng_msghdr,
    /// What follows the header.
    pub args: Vec<u8>,
}

impl Message {
    /// A request: command `cmd` of the node type that `cookie` stands for.
    ///
    /// The header's command string, which only people read, is libnetgraph's
    /// "cmd" and the number.
    pub fn new(cookie: u32, cmd: u32, args: &[u8]) -> Self {
        let mut header = ng_msghdr::new_zeroed();
        header.version = NG_VERSION;
        header.typecookie = cookie;
        header.cmd = cmd;
        let name = format!("cmd{}", cmd as i32);
        for (to, from) in header.cmdstr.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        Self::with_header(header, args.to_vec())
    }

    /// A message with this header, whose `arglen` is set, and these arguments.
    pub fn with_header(mut header: ng_msghdr, args: Vec<u8>) -> Self {
        header.arglen = u32::try_from(args.len()).unwrap_or(u32::MAX);
        Self { header, args }
    }

    /// Reads a message as it came from the socket, or as another message
    /// carries it for translation. Bytes after the arguments are ignored.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the header or the arguments are cut short.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let Ok((ng_mesg { header }, rest)) = ng_mesg::read_from_prefix(bytes) else {
            return Err(Error::malformed(
                "message",
                format!(
                    "{} bytes, a header has {}",
                    bytes.len(),
                    size_of::<ng_mesg>()
                ),
            ));
        };
        match rest.get(..header.arglen as usize) {
            Some(args) => Ok(Self {
                header,
                args: args.to_vec(),
            }),
            None => Err(Error::malformed(
                format!("message {}", name_of(&header)),
                format!(
                    "{} bytes of arguments announced, {} arrived",
                    header.arglen,
                    rest.len()
                ),
            )),
        }
    }

    /// The message as sendto(2) takes it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.as_bytes().to_vec();
        bytes.extend_from_slice(&self.args);
        bytes
    }

    /// Whether it answers a request.
    pub fn is_response(&self) -> bool {
        self.header.flags & NGF_RESP != 0
    }

    /// Whether every node that takes this command answers it.
    pub fn has_reply(&self) -> bool {
        self.header.cmd & NGM_HASREPLY != 0
    }

    /// The arguments as the structure that this command's manual page names.
    ///
    /// # Errors
    /// [`Error::Malformed`] when there are fewer bytes.
    pub fn args_as<T: FromBytes>(&self) -> Result<T> {
        T::read_from_prefix(&self.args)
            .map(|(value, _)| value)
            .map_err(|_| self.too_short(size_of::<T>()))
    }

    /// The arguments as a structure that says how many of another follow it,
    /// as `struct namelist` does.
    ///
    /// # Errors
    /// [`Error::Malformed`] when fewer follow than `count` finds announced.
    ///
    /// ```
    /// use ngctl_rs::Message;
    /// use sys_bindings::{namelist, nodeinfo};
    ///
    /// let claims_two = Message::new(0, 0, &2u32.to_ne_bytes());
    /// let error = claims_two
    ///     .args_as_list::<namelist, nodeinfo>(|list| list.numnames)
    ///     .unwrap_err();
    /// assert!(error.to_string().contains("4 bytes of arguments, 148 expected"));
    /// ```
    pub fn args_as_list<H, T>(&self, count: impl FnOnce(&H) -> u32) -> Result<(H, Vec<T>)>
    where
        H: FromBytes,
        T: FromBytes + Immutable,
    {
        let (head, rest) =
            H::read_from_prefix(&self.args).map_err(|_| self.too_short(size_of::<H>()))?;
        let count = count(&head) as usize;
        let wanted = count.saturating_mul(size_of::<T>());
        let items: Option<Vec<T>> = rest.get(..wanted).and_then(|bytes| {
            bytes
                .chunks_exact(size_of::<T>())
                .map(|item| T::read_from_bytes(item).ok())
                .collect()
        });
        match items {
            Some(items) => Ok((head, items)),
            None => Err(self.too_short(wanted.saturating_add(size_of::<H>()))),
        }
    }

    fn too_short(&self, wanted: usize) -> Error {
        Error::malformed(
            format!("message {}", name_of(&self.header)),
            format!("{} bytes of arguments, {wanted} expected", self.args.len()),
        )
    }
}

/// Text from one of netgraph's fixed arrays, up to its NUL.
///
/// ```
/// assert_eq!(ngctl_rs::message::text(b"netflow\0\0\0"), "netflow");
/// ```
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Text for one of netgraph's fixed arrays of `N` bytes, its NUL included.
///
/// # Errors
/// [`Error::Unsendable`] when it does not fit or holds a NUL. libnetgraph cuts
/// such a name short, and the message goes to some other node or hook.
///
/// ```
/// let hook: [u8; 32] = ngctl_rs::message::array("hook", "iface0")?;
/// assert_eq!(&hook[..7], b"iface0\0");
/// assert!(ngctl_rs::message::array::<32>("hook", &"x".repeat(32)).is_err());
/// # Ok::<(), ngctl_rs::Error>(())
/// ```
pub fn array<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N]> {
    let why = if text.len() >= N {
        format!("is longer than {} bytes", N - 1)
    } else if text.contains('\0') {
        "holds a NUL byte".to_string()
    } else {
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        return Ok(bytes);
    };
    Err(Error::Unsendable {
        what,
        text: text.to_string(),
        why,
    })
}

/// For messages about messages: which node type's command it is.
fn name_of(header: &ng_msghdr) -> String {
    format!("{} of cookie {}", header.cmd as i32, header.typecookie)
}
