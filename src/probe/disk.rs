//! A disk: how much room it has, what kind of file system lies on it, how long it takes to keep its word.

use std::fs::{OpenOptions, remove_file};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{statfs, statvfs};

/// Room on a file system, for ordinary users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub free: u64,
    pub size: u64,
    /// Names that can still be made; `None` where there is no such bound.
    pub free_names: Option<u64>,
}

/// Kinds of file system that matter to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Local(&'static str),
    /// Locks and shared memory do not work over it as SQLite needs them.
    Network(&'static str),
    /// Gone with the next start of the machine.
    Memory,
    /// The writable layer of a container, gone with it.
    Container,
    Unknown,
}

pub fn room(path: &Path) -> io::Result<Room> {
    let facts = statvfs(path)?;
    Ok(Room {
        free: facts.f_bavail.saturating_mul(facts.f_frsize),
        size: facts.f_blocks.saturating_mul(facts.f_frsize),
        free_names: (facts.f_files > 0).then_some(facts.f_favail),
    })
}

pub fn kind(path: &Path) -> io::Result<Kind> {
    let facts = statfs(path)?;
    // The numbers of statfs(2). Platforms disagree on the type of the field, and every number has 32 bits.
    let number = i128::from(facts.f_type) & 0xffff_ffff;
    Ok(match number {
        0xef53 => Kind::Local("ext4"),
        0x5846_5342 => Kind::Local("xfs"),
        0x9123_683e => Kind::Local("btrfs"),
        0x2fc1_2fc1 => Kind::Local("zfs"),
        0xf2f5_2010 => Kind::Local("f2fs"),
        0x6969 => Kind::Network("NFS"),
        0x517b | 0xfe53_4d42 | 0xff53_4d42 => Kind::Network("SMB"),
        0x0102_1997 => Kind::Network("9p"),
        0x6573_5546 => Kind::Network("FUSE"),
        0x0102_1994 | 0x8584_58f6 => Kind::Memory,
        0x794c_7630 => Kind::Container,
        _ => Kind::Unknown,
    })
}

/// Writes a page and waits for the disk, `times` times: what every group of requests costs. The file is gone afterwards.
pub fn sync_times(dir: &Path, times: usize) -> io::Result<Vec<Duration>> {
    let probe = Probe(dir.join(format!(".doctor-{}", std::process::id())));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&probe.0)?;
    let page = [0u8; 4096];
    let mut spans = Vec::with_capacity(times);
    for _ in 0..times {
        let started = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        spans.push(started.elapsed());
    }
    Ok(spans)
}

struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // It was never made, or it cannot be removed by whoever made it: nothing to be done.
        let _ = remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_measured_and_left_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(sync_times(dir.path(), 3).unwrap().len(), 3);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let room = room(dir.path()).unwrap();
        assert!(room.free <= room.size && room.size > 0, "{room:?}");
        assert!(sync_times(&dir.path().join("nowhere"), 1).is_err());
    }

    #[test]
    fn a_file_system_in_memory_is_known() {
        // Linux alone has one at this place.
        if Path::new("/dev/shm").is_dir() {
            assert_eq!(kind(Path::new("/dev/shm")).unwrap(), Kind::Memory);
        }
    }
}
