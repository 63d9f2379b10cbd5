"""What the browser shows of items that are no texts: pieces of images as bytes, made when they are asked for."""
