/// The stream of a snapshot that has what the one before it has, in the same volume: it gives the volume a snapshot with a guid
/// that was not known before all of the content had been received.
///
/// A guid stands in the first record of a stream, and one that follows from the content (``SnapshotGUID``) is known after the
/// last. So who has the bytes but once sends them as a snapshot with any guid, then this, and destroys the first.
public enum NextSnapshot {
    /// Writes the whole stream.
    ///
    /// - Parameters:
    ///   - snapshot: what is to be made; its content is that of the one before.
    ///   - guid: of the one before.
    /// - Throws: `StreamError` if there can be no such snapshot; what the sink throws.
    public static func write(_ snapshot: VolumeSnapshot, after guid: UInt64, to sink: inout some StreamSink) throws {
        guard guid != 0 else { throw StreamError(.badRecord, at: 0, "a snapshot has the guid 0") }
        try snapshot.check()
        var records = RecordWriter()
        try records.write(
            .begin(
                .volume, name: snapshot.name, guid: snapshot.guid, created: snapshot.created, origin: guid, isNext: true
            ),
            to: &sink)
        try records.write(.end(records.checksum, snapshot.guid), to: &sink)
    }
}
