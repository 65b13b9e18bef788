// ImageTool
