print("imgadm")
