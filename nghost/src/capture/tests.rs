// SPDX-License-Identifier: BSD-2-Clause
//! Files written octet by octet, good and bad.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn open(bytes: &[u8]) -> Result<Capture, Failure> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    std::fs::write(&path, bytes).unwrap();
    Capture::open(&path, None)
}

type Frames = Vec<(u64, Vec<u8>)>;

/// The frames, and what ended them if it was not the end.
fn read_all(capture: &mut Capture) -> (Frames, Option<Failure>) {
    let mut frames = Vec::new();
    loop {
        match capture.advance() {
            Step::Frame(time) => frames.push((time, capture.frame().to_vec())),
            Step::LeftOut(_) => {}
            Step::NotYet => panic!("a file is all there"),
            Step::End => return (frames, None),
            Step::Broken(failure) => return (frames, Some(failure)),
        }
    }
}

fn read(bytes: &[u8]) -> (Frames, Option<Failure>) {
    read_all(&mut open(bytes).unwrap())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn pcap_header(magic: u32, link: u32) -> Vec<u8> {
    words(&[magic, 2 | 4 << 16, 0, 0, 8, link])
}

/// Stamps beyond a second and lengths beyond the snapshot length are
/// taken as they are.
fn three_records() -> (Vec<u8>, Vec<usize>) {
    let mut bytes = pcap_header(0xa1b2c3d4, 1);
    let mut ends = Vec::new();
    for (secs, micros, len) in [(1u32, 2u32, 5u32), (1, 2_000_000, 0), (0, 0, 20)] {
        bytes.extend(words(&[secs, micros, len, 1]));
        bytes.extend(std::iter::repeat_n(7, len as usize));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

#[test]
fn records_are_taken_as_they_are() {
    let (frames, failure) = read(&three_records().0);
    assert_eq!(failure, None);
    let times: Vec<_> = frames.iter().map(|f| (f.0, f.1.len())).collect();
    assert_eq!(times, [(1_000_002_000, 5), (3_000_000_000, 0), (0, 20)]);
}

#[test]
fn a_record_may_be_longer_than_any_packet() {
    let mut bytes = pcap_header(0xa1b2c3d4, 1);
    // As far as libpcap and Wireshark write and read them.
    let len = 262_144;
    bytes.extend(words(&[1, 0, len, len]));
    bytes.resize(bytes.len() + len as usize, 7);
    bytes.extend(words(&[2, 0, 1, 1]));
    bytes.push(8);
    let (frames, failure) = read(&bytes);
    assert_eq!(failure, None);
    assert_eq!((frames[0].1.len(), &frames[1].1[..]), (262_144, &[8][..]));
}

/// Whether what it promises is there or not.
#[test]
fn a_length_beyond_all_packets_is_damage() {
    let (good, ends) = three_records();
    for len in [262_145, 4_000_000_000] {
        for follow in [0, 300_000] {
            let mut bytes = good[..ends[0]].to_vec();
            bytes.extend(words(&[1, 0, len, len]));
            bytes.resize(bytes.len() + follow, 7);
            let (frames, failure) = read(&bytes);
            let failure = failure.unwrap();
            assert_eq!((frames.len(), failure.status), (1, EX_DATAERR));
            assert!(failure.text.contains("record 2 is corrupt"), "{failure}");
        }
    }
    let packet = |len: u32| {
        let head = words(&[0, 0, 5_000_000, len, len]);
        let frame = vec![7; len.min(300_000) as usize];
        section(&[interface(1, 0, &[]), block(6, &[head, frame].concat())])
    };
    assert_eq!(read(&packet(262_144)).1, None);
    let long_block = words(&[0x0bad, (16 << 20) + 4]);
    let long_block = [section(&[interface(1, 0, &[])]), long_block].concat();
    for bytes in [packet(262_145), packet(u32::MAX), long_block] {
        let said = read(&bytes).1.unwrap().text;
        assert!(said.contains("record 1 is corrupt"), "{said}");
    }
}

#[test]
fn a_file_that_is_cut_off_gives_all_whole_records() {
    let (bytes, ends) = three_records();
    for len in 24..bytes.len() {
        let (frames, failure) = read(&bytes[..len]);
        let whole = ends.iter().filter(|end| **end <= len).count();
        assert_eq!(frames.len(), whole, "{len}");
        if len == 24 || ends.contains(&len) {
            assert_eq!(failure, None);
            continue;
        }
        let failure = failure.unwrap();
        assert_eq!(failure.status, EX_DATAERR);
        let said = format!("record {} is cut off; {whole} packets read", whole + 1);
        assert!(failure.text.ends_with(&said), "{failure}");
    }
}

#[test]
fn what_is_no_capture_is_named() {
    for (bytes, said) in [
        (vec![], "cut off"),
        (three_records().0[..23].to_vec(), "cut off"),
        (vec![0; 100], "magic"),
        (
            b"\x1f\x8b\x08\0".to_vec(),
            "by gzip; read it with 'zcat FILE",
        ),
        (
            b"\x28\xb5\x2f\xfd".to_vec(),
            "by zstd; read it with 'zstdcat ",
        ),
        (
            b"\xfd7zXZ\0".to_vec(),
            "by xz; read it with 'xzcat FILE | n",
        ),
        (pcap_header(0xa1b2c3d4, 147), "link type 147"),
        (section(&[interface(105, 0, &[])]), "none"),
        (pcapng(&[105], &[]), "link type 105"),
        (section(&[])[..27].to_vec(), "cut off"),
    ] {
        if said == "none" {
            // No packet, no harm.
            assert_eq!(read(&bytes), (vec![], None));
            continue;
        }
        let failure = open(&bytes).err().unwrap();
        assert_eq!(failure.status, EX_DATAERR);
        assert!(failure.text.contains(said), "{failure}");
    }
    let missing = Capture::open(Path::new("/nonexistent"), None)
        .err()
        .unwrap();
    assert_eq!(missing.status, EX_NOINPUT);
    let raw = open(&pcap_header(0xa1b2c3d4, 101)).unwrap();
    assert_eq!(raw.is_raw_ip(), Some(true));
    // Checksum lengths in the upper half are no other link type.
    let ethernet = open(&pcap_header(0xa1b2c3d4, 0x3000_0001)).unwrap();
    assert_eq!(ethernet.is_raw_ip(), Some(false));
}

/// As tcpdump(1) captures FreeBSD's lo0 and Linux's "any".
#[test]
fn other_link_layers_are_taken_off() {
    let cooked2 = [&[8, 0][..], &[0xee; 18]].concat();
    for (link, header) in [
        (0, &[2, 0, 0, 0][..]),
        (108, &[0, 0, 0, 2]),
        (276, &cooked2),
        (228, &[]),
        (229, &[]),
    ] {
        let mut bytes = pcap_header(0xa1b2c3d4, link);
        let len = header.len() as u32 + 3;
        bytes.extend(words(&[1, 0, len, len]));
        bytes.extend(header);
        bytes.extend([0x45, 1, 2]);
        // One that ends within its link layer's header.
        let half = &header[..header.len() / 2];
        bytes.extend(words(&[2, 0, half.len() as u32, 9]));
        bytes.extend(half);
        let mut capture = open(&bytes).unwrap();
        assert_eq!(capture.is_raw_ip(), Some(true));
        let (frames, failure) = read_all(&mut capture);
        assert_eq!(failure, None);
        let frames: Vec<_> = frames.iter().map(|frame| &frame.1[..]).collect();
        assert_eq!(frames, [&[0x45, 1, 2][..], &[]], "link type {link}");
    }
}

/// How many frames a filter takes.
fn taken(bytes: &[u8], filter: &str) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    std::fs::write(&path, bytes).unwrap();
    let mut capture = Capture::open(&path, Some(filter)).unwrap();
    let (frames, failure) = read_all(&mut capture);
    assert_eq!(failure, None);
    frames.len()
}

#[test]
fn a_filter_sees_what_is_behind_the_link_layer() {
    let mut bytes = pcap_header(0xa1b2c3d4, 113);
    for last in [1, 2] {
        bytes.extend(words(&[1, 0, 36, 36]));
        bytes.extend([0; 14]);
        bytes.extend([8, 0, 0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0]);
        bytes.extend([10, 0, 0, last, 10, 0, 0, 9]);
    }
    for (filter, frames) in [
        ("src host 10.0.0.2", 1),
        ("ip", 2),
        ("src host 10.0.0.9", 0),
    ] {
        assert_eq!(taken(&bytes, filter), frames, "{filter}");
    }
}

/// As `tcpdump -s 96` cuts packets short: their length is that on the wire, as
/// tcpdump(1) has it when it reads them.
#[test]
fn a_filter_sees_the_length_on_the_wire() {
    let (caplen, len) = (96, 1500);
    let frame = &[0x45; 96][..];
    let record = [&words(&[1, 0, caplen, len]), frame].concat();
    let packet = [&words(&[0, 0, 0, caplen, len]), frame].concat();
    let with_snapshot_len = |block| section(&[interface(1, caplen, &[]), block]);
    for (bytes, off) in [
        ([pcap_header(0xa1b2c3d4, 1), record.clone()].concat(), 0),
        // Linux's cooked header becomes two octets shorter.
        ([pcap_header(0xa1b2c3d4, 113), record.clone()].concat(), 2),
        ([pcap_header(0xa1b2c3d4, 101), record].concat(), 0),
        (with_snapshot_len(block(6, &packet)), 0),
        (with_snapshot_len(block(2, &packet)), 0),
        (
            with_snapshot_len(block(3, &[&words(&[len]), frame].concat())),
            0,
        ),
    ] {
        let len = len - off;
        for (filter, frames) in [
            ("greater 500", 1),
            ("less 500", 0),
            (&format!("len = {len}"), 1),
            (&format!("len - 1 = {len}"), 0),
            // What was not captured is nothing to compare.
            ("link[1000] = 0", 0),
        ] {
            assert_eq!(taken(&bytes, filter), frames, "{filter}");
        }
    }
    // What no packet's length can be costs no memory.
    let record = [&words(&[1, 0, caplen, u32::MAX]), frame].concat();
    let bytes = [pcap_header(0xa1b2c3d4, 1), record].concat();
    assert_eq!(taken(&bytes, "len = 262144"), 1);
}

fn block(ty: u32, body: &[u8]) -> Vec<u8> {
    let mut padded = body.to_vec();
    padded.resize(body.len().next_multiple_of(4), 0xee);
    let len = padded.len() as u32 + 12;
    [words(&[ty, len]), padded, words(&[len])].concat()
}

fn section(blocks: &[Vec<u8>]) -> Vec<u8> {
    let body = words(&[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]);
    [vec![block(0x0a0d_0d0a, &body)], blocks.to_vec()]
        .concat()
        .concat()
}

fn interface(link: u16, snapshot_len: u32, options: &[u8]) -> Vec<u8> {
    let head = words(&[u32::from(link), snapshot_len]);
    block(1, &[&head, options].concat())
}

/// A packet of three octets at 5,000,000 units.
fn enhanced(interface: u32, options: &[u8]) -> Vec<u8> {
    let head = words(&[interface, 0, 5_000_000, 3, 3]);
    block(6, &[&head, &[1, 2, 3, 0][..], options].concat())
}

/// An interface of each link type, and a packet on each.
fn pcapng(links: &[u16], options: &[u8]) -> Vec<u8> {
    let mut blocks: Vec<_> = links.iter().map(|l| interface(*l, 0, options)).collect();
    blocks.extend((0..links.len() as u32).map(|index| enhanced(index, &[])));
    section(&blocks)
}

fn option(code: u16, value: &[u8]) -> Vec<u8> {
    let mut option = words(&[u32::from(code) | (value.len() as u32) << 16]);
    option.extend(value);
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

#[test]
fn pcapng_stamps_count_in_the_interfaces_unit() {
    for (resolution, expected) in [
        (None, 5_000_000_000),
        (Some(6), 5_000_000_000),
        (Some(9), 5_000_000),
        (Some(3), 5_000_000_000_000),
        (Some(0x80 | 10), 4_882_812_500_000),
        (Some(0xff), 0),
    ] {
        let options = resolution.map_or(vec![], |resolution| option(9, &[resolution]));
        let (frames, failure) = read(&pcapng(&[1], &options));
        assert_eq!(failure, None);
        assert_eq!(frames, [(expected, vec![1, 2, 3])], "{resolution:?}");
    }
    for (offset, expected) in [(10i64, 15_000_000_000), (-6, 0)] {
        let (frames, _) = read(&pcapng(&[1], &option(14, &offset.to_le_bytes())));
        assert_eq!(frames[0].0, expected);
    }
}

#[test]
fn pcapng_of_the_other_byte_order() {
    let big = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_be_bytes()).collect() };
    let mut bytes = big(&[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1 << 16, 0, 0, 28]);
    // Link type 1, microseconds beyond 1970-01-01 00:00:10.
    bytes.extend(big(&[1, 40, 1 << 16, 0]));
    bytes.extend(big(&[14 << 16 | 8, 0, 10, 9 << 16 | 1, 6 << 24, 40]));
    bytes.extend(big(&[6, 36, 0, 0, 1, 3, 3, 0x0102_0300, 36]));
    assert_eq!(read(&bytes), (vec![(10_000_001_000, vec![1, 2, 3])], None));
}

#[test]
fn every_kind_of_packet_is_delivered_without_its_padding() {
    let obsolete = words(&[7 << 16, 0, 6_000_000, 2, 2]);
    let bytes = section(&[
        interface(1, 4, &[]),
        block(2, &[&obsolete, &[4, 5][..]].concat()),
        // Of 5 octets; of 9, of which the snapshot length leaves 4.
        block(3, &[&words(&[1]), &[6][..]].concat()),
        block(3, &[&words(&[9]), &[6, 7, 8, 9][..]].concat()),
        enhanced(0, &[]),
    ]);
    let expected = [
        (6_000_000_000, vec![4, 5]),
        // Without a stamp they came with the one before.
        (6_000_000_000, vec![6]),
        (6_000_000_000, vec![6, 7, 8, 9]),
        (5_000_000_000, vec![1, 2, 3]),
    ];
    assert_eq!(read(&bytes), (expected.to_vec(), None));
}

#[test]
fn comments_and_unknown_blocks_are_nobodys_business() {
    let comment = option(1, b"\xff\xfe is not UTF-8");
    let bytes = section(&[
        interface(1, 0, &comment),
        block(0x0bad, &[0xff; 5]),
        enhanced(0, &comment),
    ]);
    assert_eq!(read(&bytes), (vec![(5_000_000_000, vec![1, 2, 3])], None));
}

#[test]
fn a_new_section_has_interfaces_of_its_own() {
    let bytes = [
        pcapng(&[1], &[]),
        section(&[interface(1, 0, &option(9, &[9])), enhanced(0, &[])]),
        section(&[enhanced(0, &[])]),
    ];
    let (frames, failure) = read(&bytes.concat());
    let times: Vec<_> = frames.iter().map(|f| f.0).collect();
    assert_eq!(times, [5_000_000_000, 5_000_000]);
    let said = failure.unwrap().text;
    assert!(said.contains("record 3 is corrupt: a packet's interface"));
}

#[test]
fn frames_unlike_the_first_are_passed_over_and_counted() {
    let mut capture = open(&pcapng(&[105, 1, 105, 101], &[])).unwrap();
    let (frames, failure) = read_all(&mut capture);
    assert_eq!((frames.len(), failure), (1, None));
    assert_eq!(capture.passed_over(), 3);
    assert_eq!(capture.is_raw_ip(), Some(false));
    // What is delivered in the same shape is like it.
    for links in [&[101, 0, 276, 228][..], &[1, 113]] {
        let mut capture = open(&pcapng(links, &[])).unwrap();
        let (frames, failure) = read_all(&mut capture);
        assert_eq!((frames.len(), failure), (links.len(), None));
        assert_eq!(capture.passed_over(), 0);
    }
    let capture = open(&pcapng(&[101, 1], &[])).unwrap();
    let known = capture.is_raw_ip();
    assert_eq!(known, Some(true), "known before the first frame is fed");
}

/// Also where packets that are not known come first, nobody waits for all of them.
#[test]
fn a_long_way_to_the_first_frame_is_gone_in_turns() {
    let others = vec![105; 2 * TURN as usize + 1];
    for (last, expected) in [(1, "Frame(5000000000)"), (105, "link type 105")] {
        let mut capture = open(&pcapng(&[&others[..], &[last]].concat(), &[])).unwrap();
        assert_eq!(capture.is_raw_ip(), None);
        assert!(matches!(capture.advance(), Step::NotYet));
        let step = format!("{:?}", capture.advance());
        assert!(step.contains(expected), "{step}");
    }
}

#[test]
fn pcapng_that_is_cut_off_says_so() {
    let bytes = pcapng(&[1, 1], &[]);
    for len in bytes.len() - 35..bytes.len() {
        let (frames, failure) = read(&bytes[..len]);
        assert_eq!(frames.len(), 1, "{len}");
        let said = failure.unwrap().text;
        assert!(said.ends_with("record 2 is cut off; 1 packets read"));
    }
}

/// A FIFO that is written to octet by octet gives what the file gives, and
/// nothing before it is there.
#[test]
fn a_pipe_is_read_as_it_comes() {
    let classic = three_records().0;
    let newer = pcapng(&[105, 101, 101], &option(9, &[6]));
    for bytes in [&classic, &newer, &newer[..newer.len() - 1].to_vec()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut capture = Capture::open(&path, Some("len >= 0")).unwrap();
        assert!(matches!(capture.advance(), Step::NotYet), "no writer yet");
        let mut writer = std::fs::File::options().write(true).open(&path).unwrap();
        let mut frames = Vec::new();
        for octet in bytes {
            io::Write::write_all(&mut writer, &[*octet]).unwrap();
            loop {
                match capture.advance() {
                    Step::Frame(time) => frames.push((time, capture.frame().to_vec())),
                    Step::LeftOut(_) => {}
                    Step::NotYet => break,
                    other => panic!("{other:?}"),
                }
            }
        }
        drop(writer);
        let failure = match capture.advance() {
            Step::End => None,
            Step::Broken(failure) => Some(failure.text),
            other => panic!("{other:?}"),
        };
        let mut file = open(bytes).unwrap();
        let (expected, cut) = read_all(&mut file);
        assert_eq!(
            (frames, file.passed_over()),
            (expected, capture.passed_over())
        );
        let said = |text: String| text.split_once(": ").unwrap().1.to_owned();
        assert_eq!(failure.map(said), cut.map(|cut| said(cut.text)));
    }
}

proptest! {
    #[test]
    fn no_file_does_harm(
        kind in 0..3,
        at in any::<proptest::sample::Index>(),
        garbage in vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = match kind {
            0 => three_records().0,
            1 => pcapng(&[1], &option(9, &[6])),
            _ => vec![0x0a, 0x0d, 0x0d, 0x0a],
        };
        let at = at.index(bytes.len());
        bytes.splice(at..(at + garbage.len()).min(bytes.len()), garbage);
        if let Ok(mut capture) = open(&bytes) {
            let _ = read_all(&mut capture);
        }
    }
}
