import JSON

extension ManifestCheck {
    /// The rules that tie one field to another.
    mutating func conditions() {
        if manifest["activated"] == true || manifest["activated"] == "true", manifest["published_at"] == nil {
            missing("published_at", "an activated image must have been published")
        }
        if let origin = manifest["origin"]?.stringValue.flatMap({ ImageUUID($0) }),
            origin == manifest["uuid"]?.stringValue.flatMap({ ImageUUID($0) })
        {
            invalid("origin", "the image itself")
        }
        guard let type = manifest["type"]?.stringValue else { return }
        for field in ["nic_driver", "disk_driver", "cpu_type", "image_size"] {
            if type == ImageType.zvol.rawValue {
                if manifest[field] == nil { missing(field) }
            } else if manifest[field] != nil {
                invalid(field, "only for images of type zvol")
            }
        }
        if type != ImageType.zoneDataset.rawValue, manifest["inherited_directories"] != nil {
            invalid("inherited_directories", "only for images of type zone-dataset")
        }
    }
}
