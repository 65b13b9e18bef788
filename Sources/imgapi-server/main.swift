print("imgapi-server")
