//! The data directory: whose it is, what disk it lies on, whether its database is sound.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use super::finding::Finding;
use super::{LISTENING_SETTING, Listening};
use crate::deliver::CONNECTION_CREDENTIAL;
use crate::deliver::app::APP_TOKENS_CREDENTIAL;
use crate::model::Installation;
use crate::portal::Connection;
use crate::probe::{self, Kind, Room};
use crate::store::{Examined, FILE_NAME, LOCK_NAME, ServeLock, Soundness, StoreError};

const MIB: u64 = 1 << 20;
/// The database's log alone may take so much.
const LITTLE_ROOM: u64 = 100 * MIB;
/// Some months of an ordinary site, without files.
const SOME_ROOM: u64 = 1024 * MIB;
/// A database has three files.
const FEW_NAMES: u64 = 1000;
/// Writes whose time is taken; the middle one counts.
const SYNCS: usize = 9;
/// A disk that turns takes about 10 ms.
const SLOW: Duration = Duration::from_millis(100);

const RESTORE: &str =
    "stop the server, keep a copy of the data directory, and restore a backup with `restore --force`";

/// What was found of the directory, and what the database says of the rest.
#[derive(Default)]
pub struct Folder {
    pub findings: Vec<Finding>,
    pub database: Option<Examined>,
    pub connection: Option<Connection>,
    /// What a local application's connection calls with.
    pub installation: Option<Installation>,
    pub listening: Option<Listening>,
    /// A server runs on it; `None` when that cannot be told.
    pub is_running: Option<bool>,
    /// There is a database, and it did not open.
    pub is_closed: bool,
}

/// The disk does not answer.
pub fn hung(dir: &Path) -> Finding {
    Finding::failed(
        "data directory",
        format!("the disk of {} does not answer", dir.display()),
        "check the disk, or the server it is on",
    )
}

pub fn look(dir: &Path) -> Folder {
    let mut folder = Folder::default();
    let shown = dir.display();
    let meta = match std::fs::metadata(dir) {
        Ok(meta) if meta.is_dir() => meta,
        Ok(_) => {
            folder.findings.push(Finding::failed(
                "data directory",
                format!("{shown} is no directory"),
                "name another with --data-dir",
            ));
            return folder;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            folder.is_running = Some(false);
            folder.findings.push(Finding::warning(
                "data directory",
                format!("there is no {shown} yet"),
                "`serve` makes it; if the bridge has one elsewhere, name it with --data-dir",
            ));
            return folder;
        }
        Err(error) => {
            folder
                .findings
                .push(not_ours(&format!("{shown} cannot be looked at ({error})")));
            return folder;
        }
    };
    folder
        .findings
        .push(Finding::ok("data directory", shown.to_string()));
    folder.findings.extend(permissions(dir, &meta));
    folder.is_running = ServeLock::is_held(dir).ok();
    match Examined::open(dir) {
        Ok(Some(database)) => {
            folder.connection = database.credential(CONNECTION_CREDENTIAL);
            folder.installation = database.credential(APP_TOKENS_CREDENTIAL);
            folder.listening = database.setting(LISTENING_SETTING);
            folder.database = Some(database);
        }
        Ok(None) => folder.findings.push(Finding::warning(
            "database",
            "there is none yet",
            "`serve` makes it",
        )),
        Err(error) => {
            folder.is_closed = true;
            folder.findings.push(closed(&error));
        }
    }
    folder
}

fn closed(error: &StoreError) -> Finding {
    let way_out = match error {
        StoreError::Foreign(_) => "name another with --data-dir",
        StoreError::Broken { .. } => RESTORE,
        _ => return not_ours(&error.to_string()),
    };
    Finding::failed("database", error.to_string(), way_out)
}

fn not_ours(detail: &str) -> Finding {
    Finding::failed(
        "data directory",
        detail,
        "run `doctor` as the user that runs the bridge, for example with `sudo -u b24-bridge`",
    )
}

/// The database holds the way into the portal and people's data: it is its owner's alone.
fn permissions(dir: &Path, meta: &Metadata) -> Vec<Finding> {
    const CHECK: &str = "permissions";
    let mut found = Vec::new();
    let log = format!("{FILE_NAME}-wal");
    let shared = format!("{FILE_NAME}-shm");
    for name in [FILE_NAME, &log, &shared, LOCK_NAME] {
        let path = dir.join(name);
        let Ok(file) = std::fs::metadata(&path) else {
            continue;
        };
        let mode = file.permissions().mode() & 0o777;
        if mode & 0o077 != 0 && name != LOCK_NAME {
            found.push(Finding::failed(
                CHECK,
                format!("others can open {} (mode {mode:04o})", path.display()),
                format!("run `chmod 600 {}`", path.display()),
            ));
        }
        if file.uid() != meta.uid() {
            found.push(Finding::warning(
                CHECK,
                format!(
                    "{} belongs to user {}, and its directory to user {}",
                    path.display(),
                    file.uid(),
                    meta.uid()
                ),
                format!("run `chown {}:{} {}`", meta.uid(), meta.gid(), path.display()),
            ));
        }
    }
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        found.push(Finding::warning(
            CHECK,
            format!("others can look into {} (mode {mode:04o})", dir.display()),
            format!("run `chmod 700 {}`", dir.display()),
        ));
    }
    if found.is_empty() {
        found.push(Finding::ok(
            CHECK,
            format!("mode {mode:04o}, everything belongs to user {} alone", meta.uid()),
        ));
    }
    found
}

/// The disk that the directory lies on, or will lie on.
pub fn disk(dir: &Path) -> Vec<Finding> {
    const CHECK: &str = "disk";
    let mut existing = dir;
    while !existing.exists() {
        match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => existing = parent,
            _ => existing = Path::new("."),
        }
    }
    let mut found = Vec::new();
    match probe::room(existing) {
        Ok(room) => found.push(space(room)),
        Err(error) => found.push(Finding::warning(
            CHECK,
            format!("its free space is not told ({error})"),
            "look with `df`",
        )),
    }
    found.extend(probe::kind(existing).ok().and_then(unfit));
    // What is written to test is written only where the bridge writes anyway.
    if existing == dir {
        found.push(speed(dir));
    }
    found
}

fn space(room: Room) -> Finding {
    const CHECK: &str = "disk";
    let detail = format!("{} of {} free", size(room.free), size(room.size));
    let way_out = "make room: `inbox purge --older-than 90d` forgets old submissions";
    if room.free < LITTLE_ROOM {
        Finding::failed(CHECK, detail, way_out)
    } else if room.free_names.is_some_and(|names| names < FEW_NAMES) {
        Finding::failed(
            CHECK,
            "there is no room for more files (no free inodes)",
            "remove files that nobody needs",
        )
    } else if room.free < SOME_ROOM {
        Finding::warning(CHECK, detail, way_out)
    } else {
        Finding::ok(CHECK, detail)
    }
}

fn unfit(kind: Kind) -> Option<Finding> {
    const CHECK: &str = "file system";
    let way_out = "put the data directory on a disk of this machine";
    Some(match kind {
        Kind::Local(name) => Finding::ok(CHECK, name),
        Kind::Network(name) => Finding::warning(
            CHECK,
            format!("{name}: the locks and the shared memory of SQLite are not dependable over it"),
            way_out,
        ),
        Kind::Memory => Finding::warning(
            CHECK,
            "in memory: everything is gone when this machine restarts",
            way_out,
        ),
        Kind::Container => Finding::warning(
            CHECK,
            "overlay: inside a container everything is gone with it",
            "in a container, mount a volume at the data directory",
        ),
        Kind::Unknown => return None,
    })
}

fn speed(dir: &Path) -> Finding {
    const CHECK: &str = "disk writes";
    let mut spans = match probe::sync_times(dir, SYNCS) {
        Ok(spans) => spans,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return not_ours(&format!("{} cannot be written to ({error})", dir.display()));
        }
        Err(error) => {
            return Finding::failed(
                CHECK,
                format!("the disk refuses them ({error})"),
                "free space or mend the disk; the bridge answers 503 until then",
            );
        }
    };
    let middle = SYNCS / 2;
    let (_, middle, _) = spans.select_nth_unstable(middle);
    let detail = format!(
        "one takes {:.1} ms until it is safe",
        middle.as_secs_f64() * 1000.0
    );
    if *middle > SLOW {
        Finding::warning(
            CHECK,
            detail,
            "every website waits that long for its answer; take a faster disk, best an SSD",
        )
    } else {
        Finding::ok(CHECK, detail)
    }
}

/// Reads the database through, for at most `limit`.
pub fn database(mut database: Examined, limit: Duration) -> Vec<Finding> {
    const CHECK: &str = "database";
    let facts = database.schema().and_then(|schema| {
        let soundness = database.soundness(Instant::now() + limit)?;
        Ok((schema, soundness))
    });
    let (schema, soundness) = match facts {
        Ok(facts) => facts,
        Err(error) => {
            let way_out = "try again; if it stays, restore a backup with `restore`";
            return vec![Finding::failed(CHECK, error.to_string(), way_out)];
        }
    };
    let version = match schema.found {
        found if found > schema.known => {
            return vec![Finding::failed(
                CHECK,
                format!(
                    "it was written by a newer program (schema {found}, this one knows {})",
                    schema.known
                ),
                "start the newer program, or restore a backup of this version",
            )];
        }
        0 => "still empty".to_owned(),
        found if found < schema.known => {
            format!("schema {found}, brought to {} at the next start", schema.known)
        }
        found => format!("schema {found}"),
    };
    let about = format!("{}, {version}", size(database.size()));
    vec![match soundness {
        Soundness::Sound => Finding::ok(CHECK, format!("{about}, sound")),
        Soundness::Unfinished => Finding::ok(
            CHECK,
            format!("{about}, sound as far as it was read in {} s", limit.as_secs()),
        ),
        Soundness::Damaged(faults) => {
            Finding::failed(CHECK, format!("{about}, damaged: {}", faults.join("; ")), RESTORE)
        }
    }]
}

/// `3.2 GiB`
fn size(bytes: u64) -> String {
    let mut units = ["bytes", "KiB", "MiB", "GiB", "TiB"].into_iter();
    let mut unit = units.next().unwrap_or_default();
    // A size for people: tenths of a unit.
    let mut tenths = bytes.saturating_mul(10);
    for larger in units {
        if tenths < 10 * 1024 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    match unit {
        "bytes" => format!("{} {unit}", tenths / 10),
        _ => format!("{}.{} {unit}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1536, "1.5 KiB"),
            (MIB, "1.0 MiB"),
            (3 << 40, "3.0 TiB"),
            (5 << 50, "5120.0 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn room_is_judged() {
        let room = |free, free_names| Room {
            free,
            size: 10 << 30,
            free_names,
        };
        for (room, expected) in [
            (room(5 << 30, None), Status::Ok),
            (room(5 << 30, Some(50_000)), Status::Ok),
            (room(500 * MIB, None), Status::Warning),
            (room(50 * MIB, None), Status::Failed),
            (room(5 << 30, Some(10)), Status::Failed),
        ] {
            assert_eq!(space(room).status, expected, "{room:?}");
        }
        assert_eq!(
            unfit(Kind::Network("NFS")).map(|finding| finding.status),
            Some(Status::Warning)
        );
        assert_eq!(unfit(Kind::Unknown), None);
    }

    #[test]
    fn a_folder_that_is_not_there_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let inside = dir.path().join("a/b");
        let folder = look(&inside);
        assert_eq!(folder.findings[0].status, Status::Warning);
        assert!(folder.database.is_none());
        let disk = disk(&inside);
        assert!(disk.iter().all(|finding| finding.check != "disk writes"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
