// SPDX-License-Identifier: BSD-2-Clause
//! The Unix socket on which clients speak netgraph, in the envelope of
//! [`sys_bindings::nghost`].
//!
//! Whatever a client sends, it harms itself at most: a frame that makes no
//! sense is answered with an errno, one that is too long ends the connection,
//! and a client that does not read is not read from.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use nix::poll::PollFlags;
use nix::sys::stat::{umask, Mode};
use nix::unistd::getuid;
use sys_bindings::nghost::{first_frame, frame_header, DefaultPath, Kind, FRAME_HEADER};
use sys_bindings::{EINVAL, NG_SOCKET_NODE_TYPE};

use crate::errno::Errno;
use crate::failure::{Failure, EX_CANTCREAT, EX_NOPERM, EX_OSERR, EX_UNAVAILABLE};
use crate::graph::{Graph, NodeKey};
use crate::nodes::socket::{bind, send_control, send_data, Mailbox, Socket};
use crate::world::World;

/// Connections at once; more wait in the listener's queue.
const MAX_CLIENTS: usize = 256;

/// How long nobody is accepted after the host had no descriptor.
const FULL: Duration = Duration::from_millis(100);

/// Octets read from a client at once.
const READ_LEN: usize = 64 << 10;

/// Octets of answers that wait for a client before its next request is taken.
const MAX_OUTPUT: usize = 1 << 20;

/// The socket and its clients.
pub struct Server {
    listener: UnixListener,
    path: PathBuf,
    /// The socket at the path: there may be another's by and by.
    file: (u64, u64),
    clients: Vec<Client>,
    /// When the host had no descriptor for a client.
    full_since: Option<Instant>,
}

struct Client {
    stream: UnixStream,
    node: NodeKey,
    mailbox: Rc<Mailbox>,
    input: Vec<u8>,
    output: VecDeque<u8>,
    /// Nothing more is taken from it or given to it.
    gone: bool,
}

impl Server {
    /// Listens at `path`. A socket that is left from a process that is gone is
    /// replaced, one in use is not: `EX_UNAVAILABLE`. The directory is made if
    /// it is not there, for this user alone.
    pub fn listen(path: &Path) -> Result<Self, Failure> {
        if SocketAddr::from_pathname(path).is_err() {
            let len = path.as_os_str().len();
            let name = path.display();
            let text =
                format!("{name}: {len} octets are too many for a socket; give a shorter path");
            return Err(Failure::new(EX_CANTCREAT, text));
        }
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        if let Some(folder) = folder {
            let usual = DefaultPath(getuid().as_raw()).to_string();
            make_private(folder, path == Path::new(&usual))?;
        }
        make_room(path)?;
        let cannot =
            |error: io::Error| Failure::new(EX_CANTCREAT, format!("{}: {error}", path.display()));
        // Under its name only once it listens: whoever finds it can connect.
        let hidden = path.with_file_name(format!(".{}", std::process::id()));
        let before = umask(Mode::from_bits_truncate(0o177));
        let listener = UnixListener::bind(&hidden);
        umask(before);
        let listener = listener.map_err(cannot)?;
        let placed = listener
            .set_nonblocking(true)
            .and_then(|()| fs::symlink_metadata(&hidden))
            .and_then(|found| place(&hidden, path).map(|()| identity(&found)));
        let _ = fs::remove_file(&hidden);
        let file = placed.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => in_use(path),
            _ => cannot(error),
        })?;
        Ok(Server {
            listener,
            path: path.to_owned(),
            file,
            clients: Vec::new(),
            full_since: None,
        })
    }

    /// What to wait for: the listener, then each client.
    pub fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut listen = PollFlags::empty();
        // A client that cannot be accepted stays ready: polled, it would be all
        // that is done.
        let is_full = self.full_since.is_some_and(|since| since.elapsed() < FULL);
        listen.set(
            PollFlags::POLLIN,
            self.clients.len() < MAX_CLIENTS && !is_full,
        );
        let clients = self.clients.iter().map(|client| {
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::POLLIN, client.has_room());
            wanted.set(PollFlags::POLLOUT, !client.output.is_empty());
            (client.stream.as_fd(), wanted)
        });
        std::iter::once((self.listener.as_fd(), listen))
            .chain(clients)
            .collect()
    }

    /// Serves what is ready, in the order of [`Server::interests`].
    pub fn serve(&mut self, ready: &[PollFlags], graph: &Graph, world: &World) {
        for (client, ready) in self.clients.iter_mut().zip(ready.iter().skip(1)) {
            if !ready.is_empty() && client.has_room() {
                client.read();
            }
        }
        if ready.first().is_some_and(|ready| !ready.is_empty()) {
            self.accept(graph);
        }
        for client in &mut self.clients {
            client.work(graph, world);
        }
        self.clients.retain(|client| {
            if client.gone {
                graph.remove_later(client.node);
            }
            !client.gone
        });
    }

    fn accept(&mut self, graph: &Graph) {
        while self.clients.len() < MAX_CLIENTS {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if is_temporary(&error) => return,
                Err(_) => {
                    self.full_since = Some(Instant::now());
                    return;
                }
            };
            if stream.set_nonblocking(true).is_err() {
                continue;
            }
            let mailbox = Rc::new(Mailbox::default());
            let socket = Rc::new(Socket::new(Rc::clone(&mailbox)));
            let Ok(node) = graph.add_node(NG_SOCKET_NODE_TYPE, socket) else {
                continue;
            };
            self.clients.push(Client {
                stream,
                node,
                mailbox,
                input: Vec::new(),
                output: VecDeque::new(),
                gone: false,
            });
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Not there any more is as good as removed.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| identity(&found) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Client {
    fn has_room(&self) -> bool {
        !self.gone && self.output.len() < MAX_OUTPUT
    }

    fn read(&mut self) {
        let old = self.input.len();
        self.input.resize(old + READ_LEN, 0);
        let result = self.stream.read(&mut self.input[old..]);
        self.input.truncate(old + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => self.gone = true,
            Ok(_) => {}
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.gone = true,
        }
    }

    /// Carries out the requests that are there and writes what is waiting.
    fn work(&mut self, graph: &Graph, world: &World) {
        let mut at = 0;
        while self.has_room() {
            let (kind, payload) = match first_frame(&self.input[at..]) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => {
                    self.gone = true;
                    break;
                }
            };
            at += FRAME_HEADER + payload.len();
            let (kind, answer) = answer(kind, payload, self.node, graph, world);
            push_frame(&mut self.output, kind, &answer);
            // Answers of nodes come right behind the status.
            graph.run();
            self.fetch();
        }
        self.input.drain(..at);
        self.fetch();
        self.write();
        if self.mailbox.is_closed() && self.output.is_empty() {
            self.gone = true;
        }
    }

    fn fetch(&mut self) {
        while self.output.len() < MAX_OUTPUT {
            let Some((kind, payload)) = self.mailbox.take() else {
                return;
            };
            push_frame(&mut self.output, kind, &payload);
        }
    }

    fn write(&mut self) {
        while !self.output.is_empty() {
            match self.stream.write(self.output.as_slices().0) {
                Ok(len) => drop(self.output.drain(..len)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_temporary(&error) => return,
                Err(_) => {
                    self.output.clear();
                    self.gone = true;
                }
            }
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Queues a frame. One that is too long for any client is lost, as a message
/// is that does not fit into a socket's buffer.
fn push_frame(output: &mut VecDeque<u8>, kind: Kind, payload: &[u8]) {
    if let Some(header) = frame_header(kind.to_wire(), payload.len()) {
        output.extend(header);
        output.extend(payload);
    }
}

/// Carries out a request.
fn answer(
    kind: u32,
    payload: &[u8],
    node: NodeKey,
    graph: &Graph,
    world: &World,
) -> (Kind, Vec<u8>) {
    let done = match Kind::from_wire(kind) {
        Some(Kind::Control) => send_control(graph, node, payload),
        Some(Kind::Bind) => bind(graph, node, payload),
        Some(Kind::Data) => send_data(graph, node, payload),
        Some(Kind::IfName) => {
            let index = payload.try_into().map(u32::from_le_bytes).unwrap_or(0);
            let name = u16::try_from(index)
                .ok()
                .and_then(|index| world.interface_name(index));
            return (Kind::IfNameReply, name.unwrap_or("").into());
        }
        _ => Err(EINVAL),
    };
    let status: Errno = done.err().unwrap_or(0);
    (Kind::Status, status.to_le_bytes().to_vec())
}

/// What tells a file from any other: device and inode.
fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn in_use(path: &Path) -> Failure {
    Failure::new(
        EX_UNAVAILABLE,
        format!(
            "{}: another nghost is running there; stop it or use --socket",
            path.display()
        ),
    )
}

/// Makes a directory that only this user can enter, unless there is one. The
/// usual one must be this user's own, and no link to another: where it is,
/// anyone can make either first.
fn make_private(folder: &Path, is_usual: bool) -> Result<(), Failure> {
    let name = folder.display();
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(Failure::new(EX_CANTCREAT, format!("{name}: {error}"))),
    }
    let unknown = |error: io::Error| Failure::new(EX_OSERR, format!("{name}: {error}"));
    let entry = fs::symlink_metadata(folder).map_err(unknown)?;
    let found = fs::metadata(folder).map_err(unknown)?;
    if !found.is_dir() || (is_usual && !entry.is_dir()) {
        let text = format!("{name}: not a directory; remove it, or use --socket");
        return Err(Failure::new(EX_CANTCREAT, text));
    }
    // Whoever can write there could put another socket in our place.
    let others_write = found.permissions().mode() & 0o022 != 0;
    let sticky = found.permissions().mode() & 0o1000 != 0;
    let is_trusted = |of: &Metadata| of.uid() == getuid().as_raw() || (of.uid() == 0 && !is_usual);
    if !is_trusted(&entry) || !is_trusted(&found) || (others_write && !sticky) {
        return Err(Failure::new(
            EX_NOPERM,
            format!("{name}: others may write there; give a directory of your own with --socket"),
        ));
    }
    Ok(())
}

/// Gives a socket its name by a link, which never takes the place of another's.
/// Where that is not allowed, as FreeBSD may forbid it in a folder of another
/// group, the name must be free.
fn place(hidden: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(hidden, path) {
        Err(error)
            if error.kind() != ErrorKind::AlreadyExists && fs::symlink_metadata(path).is_err() =>
        {
            fs::rename(hidden, path)
        }
        placed => placed,
    }
}

/// Removes the socket of a process that is gone.
fn make_room(path: &Path) -> Result<(), Failure> {
    let name = path.display();
    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    if found.is_dir() {
        let text = format!("{name}: a directory; give the name of a socket in it");
        return Err(Failure::new(EX_CANTCREAT, text));
    }
    if !found.file_type().is_socket() {
        let text = format!("{name}: there is a file that is no socket; remove it");
        return Err(Failure::new(EX_CANTCREAT, text));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            // Not what another has put there since, with the old one's number even.
            let version = |of: &Metadata| (identity(of), of.ctime(), of.ctime_nsec());
            let now = fs::symlink_metadata(path);
            if now.is_ok_and(|now| version(&now) != version(&found)) {
                return Err(in_use(path));
            }
            let removed = fs::remove_file(path);
            removed.map_err(|error| Failure::new(EX_CANTCREAT, format!("{name}: {error}")))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::new(EX_CANTCREAT, format!("{name}: {error}"))),
        Ok(_) => Err(in_use(path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn where_others_may_write_it_must_be_sticky() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, status) in [(0o777, Some(EX_NOPERM)), (0o1777, None), (0o755, None)] {
            fs::set_permissions(folder.path(), PermissionsExt::from_mode(mode)).unwrap();
            let made = make_private(folder.path(), false);
            assert_eq!(made.err().map(|failure| failure.status), status, "{mode:o}");
        }
    }

    #[test]
    fn the_usual_folder_is_this_users_own_and_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let (own, link) = (folder.path().join("own"), folder.path().join("link"));
        make_private(&own, true).unwrap();
        make_private(&own, true).unwrap();
        symlink(&own, &link).unwrap();
        assert_eq!(make_private(&link, true).unwrap_err().status, EX_CANTCREAT);
        // One that the user names may be what he likes.
        make_private(&link, false).unwrap();
        if !getuid().is_root() {
            // Root's.
            make_private(Path::new("/"), false).unwrap();
            assert_eq!(
                make_private(Path::new("/"), true).unwrap_err().status,
                EX_NOPERM
            );
        }
    }
}
