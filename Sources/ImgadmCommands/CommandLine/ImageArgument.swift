import Failure
import ImageModel
import ImageSource
import ImageTool

/// An argument that names an image of the sources: a UUID, a name, or a docker reference (imgadm.8, "NAMES OF IMAGES").
enum ImageArgument {
    case uuid(ImageUUID)
    case name(ImageName)
    case reference(DockerReference)
    /// One word: the name of an image; where there is none and docker sources are configured, a docker reference.
    case either(ImageName, DockerReference)
    /// Words parted by slashes: the name of an image, as simplestreams has them; where no source has it, a docker reference, if it is
    /// one.
    case path(ImageName, DockerReference?)
    /// The first digits of a UUID, which is no reference, but may be the name of an image, where nothing was cut off.
    case beginning(UUIDBeginning, ImageName?)

    /// - Throws: `Usage` for what is none of these.
    init(_ text: String) throws(Failure) {
        if let uuid = ImageUUID(typed: text) {
            self = .uuid(uuid)
            return
        }
        if let beginning = UUIDBeginning(typed: text, atLeast: UUIDBeginning.least), beginning.isCut {
            self = .beginning(beginning, nil)
            return
        }
        try ImageArgument.refusePlace(text)
        if let bare = ImageArgument.without("imgapi:", text) {
            guard let name = ImageName(bare) else {
                throw Failure(.usage, "invalid image-id arg: \"\(bare)\" is no name of an image")
            }
            self = .name(name)
            return
        }
        // What is no reference then is told below, with all of the text.
        if let bare = ImageArgument.without("docker:", text), let reference = try? DockerReference(bare) {
            self = .reference(reference)
            return
        }
        let name = ImageName(text)
        let reference: DockerReference
        do {
            reference = try DockerReference(text)
        } catch {
            guard let name else { throw ImageArgument.isNothing(text, cause: error) }
            if let beginning = UUIDBeginning(typed: text, atLeast: UUIDBeginning.least) {
                self = .beginning(beginning, name)
            } else {
                self = text.contains("/") ? .path(name, nil) : .name(name)
            }
            return
        }
        // A tag, a registry or a path below one is what docker has.
        let isWord = text.utf8.allSatisfy { !":/@".utf8.contains($0) }
        if isWord, let name {
            self = .either(name, reference)
        } else if let name, !reference.namesHost {
            self = .path(name, reference)
        } else {
            // Of a tag or a digest nobody thinks who has a file in mind.
            if text.utf8.allSatisfy({ !":@".utf8.contains($0) }), let file = MeantFile(text), file.isCertain {
                throw ImageArgument.isFile(file)
            }
            // No registry has an image that is called like a host and its port.
            if !reference.namesHost, let tag = reference.tag, UInt16(tag) != nil,
                text == "\(reference.localName):\(tag)",
                ImageArgument.isHost(reference.localName)
            {
                throw Failure(
                    .usage, "invalid image-id arg: \"\(text)\" is the address of a server, and names no image",
                    hint:
                        "imgadm sources -a http://\(text) adds an image server; \(text)/NAME is an image of a registry, and docker:\(text) one of Docker Hub"
                )
            }
            self = .reference(reference)
        }
    }

    static func isNothing(_ text: String, cause: Failure? = nil) -> Failure {
        Failure(
            .usage, "invalid image-id arg: \"\(text)\" is neither a UUID nor a name nor a docker reference",
            cause: cause, hint: hint(for: text))
    }

    private static func hint(for text: String) -> String? {
        // Hyphens and dashes as text processors make them.
        func isDash(_ scalar: Unicode.Scalar) -> Bool {
            (0x2010...0x2015).contains(scalar.value) || scalar.value == 0x2212
        }
        if text.unicodeScalars.first.map(isDash) == true {
            return "an option begins with -, and this begins with another dash"
        }
        if text.unicodeScalars.contains(where: isDash) {
            let typed = String(String.UnicodeScalarView(text.unicodeScalars.map { isDash($0) ? "-" : $0 }))
            return "it has another dash than -: did you mean \"\(typed)\"?"
        }
        return text.contains("=")
            ? "imgadm avail \(ShellWord.quoted(text)) shows the images of which that is true" : nil
    }

    /// Says of a URL what it is: it is no name of anything in a source.
    static func refusePlace(_ text: String) throws(Failure) {
        let schemes = ["docker://", "oci://", "docker-daemon:", "containers-storage:"]
        if let scheme = schemes.first(where: text.hasPrefix) {
            let bare = String(text.dropFirst(scheme.count))
            // A repository has no tag. What is no reference is told of when it is named as one.
            let named = try? DockerReference(bare)
            let repository = named.flatMap { $0.namesHost ? "oci://\($0.canonicalName)" : nil } ?? text
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" has a \"\(scheme)\" that is written otherwise here",
                hint: scheme == "oci://"
                    ? "imgadm import \(ShellWord.quoted("oci:\(bare)")); a repository of images is added by imgadm sources -a \(ShellWord.quoted(repository))"
                    : "imgadm import \(ShellWord.quoted("docker:\(bare)"))")
        }
        if text == "-" {
            throw Failure(
                .usage, "invalid image-id arg: no image is read through a pipe here",
                hint:
                    "imgadm convert - makes an image of what comes through one: a disk, or the archive of a root file system"
            )
        }
        for scheme in ["http", "https"] where text.hasPrefix(scheme) && !text.hasPrefix("\(scheme)://") {
            let rest = text.dropFirst(scheme.utf8.count)
            // What has no slash behind a colon may be a repository and its tag.
            guard rest.hasPrefix("//") || rest.hasPrefix(":") && rest.contains("/") else { continue }
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" is no URL: :// is missing",
                hint: "did you mean \"\(scheme)://\(rest.drop { ":/".contains($0) })\"?")
        }
        if let colon = text.firstRange(of: "://"),
            let web = Suggestion.nearest(to: String(text[..<colon.lowerBound]).lowercased(), among: ["http", "https"])
        {
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" is no URL of a kind that is fetched",
                hint: "did you mean \"\(web)://\(text[colon.upperBound...])\"?")
        }
        // What is http, or a path, has been taken for a file before this (`FileArgument`).
        if ["ftp://", "file://"].contains(where: text.hasPrefix) {
            throw Failure(
                .usage, "invalid image-id arg: \"\(text)\" is a URL of a kind that is not fetched",
                hint:
                    "imgadm import URL takes a disk or a root file system by http and https, imgadm import FILE one of this host"
            )
        }
    }

    private static func without(_ prefix: String, _ text: String) -> String? {
        text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }
}
