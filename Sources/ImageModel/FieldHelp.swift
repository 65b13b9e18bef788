/// What the fields of listings mean (cli.md §2): the computed ones, and those of the manifest that people ask for.
public enum FieldHelp {
    public static let fields: [(name: String, meaning: String)] = [
        ("uuid", "the image's UUID"), ("name", "its name"), ("version", "its version"), ("os", "smartos, linux, …"),
        ("type", "zone-dataset, lx-dataset, zvol, docker, …"), ("state", "active, disabled, unactivated"),
        ("published_at", "when it was published, as the manifest has it"), ("pub", "the day of that"),
        ("published", "the second of that"), ("published_date", "as pub"), ("description", "what it is"),
        ("origin", "the image that it builds on"), ("owner", "whose it is"), ("public", "true or false"),
        ("size", "bytes of its file"), ("source", "where it comes from"), ("zpool", "the pool it is on"),
        ("pool", "as zpool"), ("installed", "when it came to this host (list)"),
        ("clones", "how many virtual machines, their disks and images are clones of it"),
        ("used", "bytes it takes with what is below it (list)"),
        ("unique", "bytes that would come free with it (list)"),
        ("referenced", "bytes that can be read in it (list)"),
        ("docker_id", "the id of a docker image"), ("docker_short_id", "the first twelve digits of that"),
        ("docker_repo", "its repository"), ("docker_tags", "its tags"),
        ("reference", "what docker calls it: REPO:TAG or REPO@DIGEST (list)"),
        ("docker_digests", "the digests that led to it: REPO@DIGEST (list)"),
        ("channels", "the channels of its server that it is in, as JSON (avail, remote list)"),
        ("requirements.*", "what it needs of a host: requirements.min_ram, …"),
        ("tags.*", "its tags: tags.role, …"), ("files.0.*", "its file: files.0.sha1, files.0.compression"),
    ]
}
