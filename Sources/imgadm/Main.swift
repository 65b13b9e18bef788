import ImgadmCommands

@main
enum Main {
    static func main() async {
        await Imgadm.run()
    }
}
