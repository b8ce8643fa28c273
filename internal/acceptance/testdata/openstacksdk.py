"""openstacksdk through the life of a backup, in the cloud that OS_CLOUD names.

Run by Debian's own interpreter. Prints a line for each step that held.
"""
import os

import openstack

PREFIX = f"sdk-{os.getpid()}-"  # so that a second run is not in the way of what a failed one left

cloud = openstack.connect()
storage = cloud.block_storage


def names(resources):
    return sorted(r.name for r in resources if (r.name or "").startswith(PREFIX))


assert names(storage.volumes()) == names(storage.backups()) == []
print("listed: nothing there")

volume = storage.create_volume(name=PREFIX + "volume", size=1)
storage.wait_for_status(volume, "available", failures=["error"], interval=0.2, wait=60)
assert storage.get_volume(volume.id).size == 1
print("volume: created")

backup = storage.create_backup(volume_id=volume.id, name=PREFIX + "backup")
backup = storage.wait_for_status(backup, "available", failures=["error"], interval=0.2, wait=60)
assert (backup.volume_id, backup.size, backup.is_incremental) == (volume.id, 1, False), backup
assert storage.find_backup(PREFIX + "backup").id == backup.id
print("backup: created, found by name")

storage.restore_backup(backup, name=PREFIX + "restored")
restored = storage.find_volume(PREFIX + "restored", ignore_missing=False)
restored = storage.wait_for_status(storage.get_volume(restored.id), "available", failures=["error", "error_restoring"], interval=0.2, wait=60)
storage.wait_for_status(backup, "available", failures=["error"], interval=0.2, wait=60)
assert restored.id != volume.id
print("restore: found by name, available")

assert names(storage.volumes()) == [PREFIX + "restored", PREFIX + "volume"]
assert names(storage.backups()) == [PREFIX + "backup"]
print("listed: two volumes, one backup")

storage.delete_backup(backup, ignore_missing=False)
storage.wait_for_delete(backup, interval=0.2, wait=60)
for v in (volume, restored):
    storage.delete_volume(v, ignore_missing=False)
    storage.wait_for_delete(v, interval=0.2, wait=60)
assert names(storage.volumes()) == names(storage.backups()) == []
print("deleted: nothing left")
