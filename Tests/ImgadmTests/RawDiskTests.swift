import TestHost
import Testing

extension EndToEnd {
    /// A disk that is called raw is taken as it is: its first bytes are its machine's, and no word of whoever made the file.
    @Suite struct RawDiskTests {
        /// Disks that begin like something else: a qcow2, a gzip, an archive, a stream. What the qcow2 holds is not what the disk holds.
        private static let disks = """
            truncate -s 1M small
            printf other | dd of=small bs=1 seek=5000 conv=notrunc status=none
            qemu-img convert -f raw -O qcow2 small inner.qcow2
            seq 1 30000 > text
            gzip -nk text
            tar cf inner.tar --owner=0 --group=0 text
            for kind in qcow2 gz tar; do
                file=inner.$kind; test -e $file || file=text.gz
                cp $file $kind.raw
                truncate -s 4M $kind.raw
            done
            """

        private func run(_ script: String, in box: Sandbox) async throws -> Sandbox.Run {
            try await box.shell("set -e -o pipefail\ncd \(box.root)\n\(script)")
        }

        @Test func itsBytesComeBackWhateverTheyLookLike() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disks)
                for kind in qcow2 gz tar; do
                    imgadm convert -q -o $kind.out $kind.raw name=$kind version=1 os=other 2> $kind.said
                    grep 'its bytes are taken as they are' $kind.said || test $kind = tar
                    imgadm export -q -o $kind.back.raw $kind.out.zvol.gz
                    cmp $kind.raw $kind.back.raw
                    imgadm inspect --format json $kind.raw > $kind.json
                    grep '"format": *"raw"' $kind.json
                    cp $kind.raw $kind.dd
                    imgadm export -q -o $kind.raw.xz $kind.dd
                    imgadm convert -q -o $kind.xz.out $kind.raw.xz name=$kind version=1 os=other
                    gzip -dc $kind.xz.out.zvol.gz | cmp - <(gzip -dc $kind.out.zvol.gz)
                    imgadm export -q -o $kind.again.raw $kind.raw.xz
                    cmp $kind.raw $kind.again.raw
                done
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        @Test func whatIsImportedIsTheDisk() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disks)
                mkdir www
                zstd -q qcow2.raw -o www/web-1.raw.zst
                for kind in qcow2 gz tar; do
                    imgadm import -q ./$kind.raw name=$kind version=1 2>> said
                    imgadm export -q -o $kind.back.raw $kind
                    cmp $kind.raw $kind.back.raw
                done
                cp qcow2.raw qcow2.img
                imgadm import -q ./qcow2.img name=other version=1
                imgadm export -q -o img.back.raw other
                cmp img.back.raw small
                test "$(grep -c 'its bytes are taken as they are' said)" = 2
                imgadm import -q ./www/web-1.raw.zst
                imgadm export -q -o web.back.raw web
                cmp qcow2.raw web.back.raw
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        @Test func whatHasTheNameOfAnUnfinishedFileIsNotWrittenTo() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                truncate -s 1M small.raw
                echo precious > precious
                ln precious out.zvol.gz.partial
                imgadm convert -q -o out small.raw name=x version=1 os=other
                ln precious out.qcow2.partial
                imgadm export -q -o out.qcow2 small.raw
                cp small.raw web.raw.partial
                cp small.raw web.zvol.partial
                imgadm export -q -o web.raw web.raw.partial 2> said && exit 8
                grep -q 'is being written, or read' said
                imgadm convert -q -c none -o web web.zvol.partial name=x version=1 os=other 2> said && exit 8
                grep -q 'is being written, or read' said
                cmp small.raw web.raw.partial
                cmp small.raw web.zvol.partial
                mkdir blocked.zvol.gz.partial
                imgadm convert -q -o blocked small.raw name=x version=1 os=other 2> said && exit 8
                grep -q 'is a folder' said
                truncate -s 1500K odd.raw
                echo x | dd of=odd.raw conv=notrunc status=none
                imgadm convert -q -o odd odd.raw name=odd version=1 os=other
                imgadm inspect odd.zvol.gz > /dev/null
                test "$(cat precious)" = precious
                test "$(stat -c %h precious)" = 1
                qemu-img check -q out.qcow2
                """, in: box)
            #expect(made.status == 0, "\(made)")
        }

        @Test func aNameThatIsNotTrueIsToldAndAnImgTellsItsFormat() async throws {
            let box = try await Sandbox.make()
            let made = try await run(
                """
                \(Self.disks)
                cp small plain.raw.xz
                for command in 'import -q' 'convert -q -o out'; do
                    imgadm $command ./plain.raw.xz name=x version=1 os=other 2>> said && exit 9
                done
                cp inner.qcow2 disk.img
                imgadm export -q -o img.back.raw disk.img
                cmp img.back.raw small
                """, in: box)
            #expect(made.status == 0, "\(made)")
            #expect(try #require(try box.read("said")).contains("called .xz"))
            #expect(try await box.datasets() == [])
        }
    }
}
