import HostConfig
import ImageStore

extension LayerLimits {
    init(_ settings: DockerSettings) {
        self.init()
        entries = settings.layerEntries
        bytes = UInt64(settings.layerBytes)
        nameLength = settings.nameLength
        window = settings.windowBytes
    }
}
