# zahl_embed(file symbol header): the file's text as a string constant in <binary dir>/header.
function(zahl_embed file ZAHL_SYMBOL header)
  file(READ ${CMAKE_CURRENT_SOURCE_DIR}/${file} ZAHL_CONTENT)
  set(ZAHL_FILE ${file})
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file}
  )
  configure_file(${PROJECT_SOURCE_DIR}/page/embed.h.in ${CMAKE_CURRENT_BINARY_DIR}/${header} @ONLY)
endfunction()
